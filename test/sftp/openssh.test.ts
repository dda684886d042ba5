import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { listsWith } from '../../src/sftp/algorithms.ts'
import { generateHostKey } from '../../src/sftp/host-keys.ts'
import { fingerprintOf } from '../../src/sftp/key-blob.ts'
import { ssh2 } from '../../src/sftp/ssh2.ts'
import { run } from '../helpers/child.ts'
import { startSftp } from '../helpers/sftp-server.ts'

const here = dirname(fileURLToPath(import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'sallyport-openssh-'))
process.once('exit', () => rmSync(dir, { recursive: true, force: true }))

const key = join(dir, 'key')
let fingerprint = ''

before(async () => {
  const pair = await generateHostKey('ed25519')
  writeFileSync(key, pair.privateKey, { mode: 0o600 })
  const parsed = ssh2.utils.parseKey(pair.publicKey)
  assert.ok(!(parsed instanceof Error))
  fingerprint = fingerprintOf((Array.isArray(parsed) ? parsed[0] : parsed).getPublicSSH())
})

/** Gives what the client says about itself. */
async function sftp(port: number, options: readonly string[], input: string): Promise<string> {
  const common = ['-i', key, '-P', String(port), '-b', '-']
  const settings = ['IdentitiesOnly=yes', 'StrictHostKeyChecking=no', `UserKnownHostsFile=${dir}/hosts`]
  const args = [...common, ...[...settings, ...options].flatMap((option) => ['-o', option])]
  const { code, stderr } = await run('sftp', [...args, 'alice@127.0.0.1'], { home: dir, input })
  assert.equal(code, 0, stderr)
  return stderr
}

const content = randomBytes(6 * 1024 * 1024 + 12_345)

const { cipher: ciphers, signature: signatures } = listsWith([])

for (const cipher of ciphers) {
  test(`OpenSSH with ${cipher}: both ways whole, new keys after each mebibyte`, async () => {
    const source = join(dir, 'source')
    const back = join(dir, `back-${cipher}`)
    writeFileSync(source, content)
    const server = await startSftp({ keys: [fingerprint], chains: [['publickey']] })
    await sftp(
      server.port,
      [`Ciphers=${cipher}`, 'RekeyLimit=1M'],
      `put ${source} /f\nget /f ${back}\nput ${back} /g\n`,
    )
    assert.ok(readFileSync(back).equals(content))
    await sftp(server.port, [`Ciphers=${cipher}`], `get /g ${back}\nget /g ${back}2\n`)
    assert.ok(readFileSync(back).equals(content))
    assert.ok(readFileSync(`${back}2`).equals(content))
    await server.close()
  })
}

test('OpenSSH copies a file on the server, without its bytes on the wire', async () => {
  const source = join(dir, 'source-of-copy')
  const back = join(dir, 'copy')
  writeFileSync(source, content)
  const server = await startSftp({ keys: [fingerprint], chains: [['publickey']] })
  await sftp(server.port, [], `put ${source} /one\ncp /one /two\nget /two ${back}\n`)
  assert.ok(readFileSync(back).equals(content))
  await server.close()
})

test('OpenSSH is told the signatures that user keys may make, no others', async () => {
  const server = await startSftp({ keys: [fingerprint], chains: [['publickey']] })
  const args = ['-v', '-i', key, '-P', String(server.port), '-b', '-', '-o', 'StrictHostKeyChecking=no']
  const { output } = await run(
    'sftp',
    [...args, '-o', `UserKnownHostsFile=${dir}/hosts`, 'alice@127.0.0.1'],
    {
      home: dir,
      input: 'pwd\n',
    },
  )
  assert.equal(/server-sig-algs=<(.*)>/.exec(output)?.[1], signatures.join(','))
  await server.close()
})

test('OpenSSH while the server renews the keys every 256 KiB', async () => {
  const source = join(dir, 'source')
  const back = join(dir, 'back')
  writeFileSync(source, content)
  const settings = { rekeyBytes: 256 * 1024 }
  const server = await startSftp({ keys: [fingerprint], chains: [['publickey']], settings })
  for (const line of [`put ${source} /f\n`, `get /f ${back}\n`]) {
    const said = await sftp(server.port, ['LogLevel=DEBUG1'], line)
    const exchanges = said.match(/kex: algorithm: /g)?.length ?? 0
    // The first one, and some in the middle: what is on its way when one begins counts for none.
    assert.ok(exchanges > 4, `${exchanges} key exchanges in ${line}`)
  }
  assert.ok(readFileSync(back).equals(content))
  await server.close()
})

test('the same without our addon', { skip: process.env.CIPHERS_OF_TEST !== undefined }, async () => {
  for (const name of ['openssh.test.ts', 'flow.test.ts']) {
    const { code, output } = await run(process.execPath, [join(here, name)], {
      home: join(dir, 'home'),
      env: { CIPHERS_OF_TEST: 'pure' },
    })
    assert.equal(code, 0, output)
  }
})
