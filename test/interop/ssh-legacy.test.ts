// An OpenSSH that is told to be as old as what the dated exceptions are for.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { ExceptionName } from '../../src/sftp/algorithms.ts'
import { type Ran, run } from '../helpers/child.ts'
import { clientTest, program } from '../helpers/clients.ts'
import { lazyFixture } from '../helpers/fixture.ts'
import { PASSWORD } from '../helpers/sftp-login.ts'
import { startSftp, termsWith } from '../helpers/sftp-server.ts'

const home = mkdtempSync(join(tmpdir(), 'sallyport-legacy-'))
after(() => rmSync(home, { recursive: true, force: true }))

const COMMON = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null']
const OLD = [
  'HostKeyAlgorithms=ssh-rsa',
  'KexAlgorithms=diffie-hellman-group14-sha1',
  'Ciphers=aes128-cbc',
  'MACs=hmac-sha1',
]
const NEEDED = ['ssh-rsa-host-key', 'dh-group14-sha1', 'aes-cbc', 'hmac-sha1'] as const

function sftp(port: number, options: readonly string[], user = 'alice', password = PASSWORD): Promise<Ran> {
  const all = [...COMMON, ...options].flatMap((option) => ['-o', option])
  const args = ['-p', password, 'sftp', '-P', String(port), ...all, `${user}@127.0.0.1`]
  return run('sshpass', args, { home, input: 'pwd\n' })
}

const NEEDS = [program('sftp'), program('sshpass')]

clientTest(
  'a client with SHA-1 and CBC alone: in by all its exceptions, out when one is missing',
  NEEDS,
  async () => {
    const at = async (allow: readonly ExceptionName[]): Promise<Ran> => {
      const server = await startSftp({ settings: { terms: termsWith({ allow }) } })
      const ran = await sftp(server.port, OLD)
      await server.close()
      return ran
    }
    const all = await at(NEEDED)
    assert.match(all.output, /Remote working directory: \//)
    for (const missing of NEEDED) {
      const ran = await at(NEEDED.filter((name) => name !== missing))
      assert.equal(ran.code, 255, missing)
      assert.match(ran.output, /no matching (host key type|key exchange method|cipher|MAC) found/, missing)
    }
  },
)

clientTest(
  'an RSA key that signs with SHA-1: in by its exception, and never without',
  [program('sftp'), program('ssh-keygen')],
  async () => {
    const key = join(home, 'rsa')
    execFileSync('ssh-keygen', ['-q', '-t', 'rsa', '-b', '3072', '-N', '', '-f', key])
    const fingerprint = execFileSync('ssh-keygen', ['-lf', key], { encoding: 'utf8' }).split(' ')[1] ?? ''
    assert.match(readFileSync(`${key}.pub`, 'utf8'), /^ssh-rsa /)
    const attempt = async (
      allow: readonly ExceptionName[],
      algorithms: string,
    ): Promise<Ran & { excepted: readonly string[] }> => {
      const server = await startSftp({
        settings: { terms: termsWith({ allow }) },
        chains: [['publickey']],
        keys: [fingerprint],
      })
      const options = [
        ...COMMON,
        `PubkeyAcceptedAlgorithms=${algorithms}`,
        'IdentitiesOnly=yes',
        'BatchMode=yes',
      ]
      const args = ['-i', key, '-P', String(server.port), ...options.flatMap((option) => ['-o', option])]
      const ran = await run('sftp', [...args, 'alice@127.0.0.1'], { home, input: 'pwd\n' })
      const excepted = server.events.flatMap((event) =>
        event.type === 'connection.excepted' ? event.algorithms : [],
      )
      await server.close()
      return { ...ran, excepted }
    }
    assert.equal((await attempt([], 'rsa-sha2-512')).code, 0)
    assert.equal((await attempt([], 'ssh-rsa')).code, 255)
    assert.equal((await attempt(['ssh-rsa-host-key'], 'ssh-rsa')).code, 255)
    const allowed = await attempt(['ssh-rsa-signature'], 'ssh-rsa')
    assert.equal(allowed.code, 0, allowed.output)
    assert.deepEqual(allowed.excepted, ['ssh-rsa'])
    assert.deepEqual((await attempt(['ssh-rsa-signature'], 'rsa-sha2-512')).excepted, [])
  },
)

clientTest(
  'an exception in the configuration lets an old client in, and the audit tells of it',
  NEEDS,
  async () => {
    const exception = `{ networks: [127.0.0.0/8], allow: [${NEEDED.join(', ')}], until: 2099-12-31, owner: ops, reason: test }`
    const old = lazyFixture({ args: ['--set', `listeners.sftp.exceptions=[${exception}]`] })
    try {
      const fixture = await old.get()
      const { user, password } = fixture.user('second')
      const usual = await sftp(fixture.info.sftp.port, [], user, password)
      assert.equal(usual.code, 0, usual.output)
      assert.ok((await fixture.audit()).every((line) => line.type !== 'connection.excepted'))
      const ran = await sftp(fixture.info.sftp.port, OLD, user, password)
      assert.equal(ran.code, 0, ran.output)
      const line = await fixture.audited(({ type }) => type === 'connection.excepted', 'connection.excepted')
      assert.deepEqual(line.algorithms, ['diffie-hellman-group14-sha1', 'ssh-rsa', 'aes128-cbc', 'hmac-sha1'])
    } finally {
      await old.stop()
    }
  },
)
