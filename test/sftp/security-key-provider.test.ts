// Security keys with OpenSSH's own client and certificates of ssh-keygen; the key is software behind SSH_SK_PROVIDER.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run, succeed } from '../helpers/child.ts'
import { type Client, clientTest, findProgram, program } from '../helpers/clients.ts'
import { type CoreServer, startSftpCore } from '../helpers/sftp-core.ts'
import { keyBench } from '../helpers/ssh-keys.ts'

const SOURCE = fileURLToPath(new URL('../helpers/native/sk-provider.c', import.meta.url))
const bench = keyBench()
const home = join(bench.dir, 'home')
const provider = join(bench.dir, 'sk-provider.so')

async function build(): Promise<Client> {
  const compiler = findProgram('cc')
  const built =
    compiler !== undefined &&
    (await run(compiler, ['-shared', '-fPIC', '-o', provider, SOURCE, '-lcrypto'], { home })).code === 0
  const name = "a C compiler with OpenSSL's headers"
  return { name, path: built ? provider : undefined, ofMachine: true }
}

async function makeKey(name: string, kind: string, options: readonly string[] = []): Promise<string> {
  const file = join(bench.dir, name)
  const words = ['-q', '-t', kind, '-w', provider, '-N', '', '-C', name, ...options, '-f', file]
  await succeed('ssh-keygen', words, { home })
  return file
}

const lineOf = (file: string): string => readFileSync(`${file}.pub`, 'utf8').trim()

async function login(server: CoreServer, file: string, certificate?: string): Promise<boolean> {
  const options = [
    `SecurityKeyProvider=${provider}`,
    'PreferredAuthentications=publickey',
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    ...(certificate === undefined ? [] : [`CertificateFile=${certificate}`]),
  ].flatMap((option) => ['-o', option])
  const args = ['-F', 'none', '-q', ...options, '-b', '-', '-i', file, '-P', String(server.port)]
  return (await run('sftp', [...args, 'alice@127.0.0.1'], { home, input: 'pwd\n' })).code === 0
}

const needs = [await build(), program('ssh-keygen'), program('sftp')]

for (const kind of ['ed25519-sk', 'ecdsa-sk']) {
  clientTest(`OpenSSH with an ${kind} key, plain and certified`, needs, async (t) => {
    const [key, lax, ca] = await Promise.all([
      makeKey(`${kind}-key`, kind),
      makeKey(`${kind}-lax`, kind, ['-O', 'no-touch-required']),
      bench.make(`${kind}-ca`, 'ed25519'),
    ])
    const users = `users: { alice: { keys: ['${lineOf(key)}', '${lineOf(lax)}', 'cert-authority ${ca.line}'] } }`
    const server = await startSftpCore({ users })
    t.after(() => server.close())
    assert.ok(await login(server, key))
    // The key signs without a touch; the line does not allow that.
    assert.equal(await login(server, lax), false)
    assert.deepEqual(
      server.events.flatMap((event) => (event.type === 'login.denied' ? [event.reason] : [])),
      ['touch-missing'],
    )
    const certified = await makeKey(`${kind}-certified`, kind)
    const names = { file: certified, line: lineOf(certified), fingerprint: '' }
    const certificate = await bench.certify(ca, { key: names, args: ['-n', 'alice'] })
    assert.ok(await login(server, certified, certificate))
    assert.equal(await login(server, certified), false)
  })
}
