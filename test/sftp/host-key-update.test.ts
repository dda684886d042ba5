import assert from 'node:assert/strict'
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Client } from 'ssh2'
import { byte, createBodyReader, fieldsToBuffer, string } from '../../src/sftp/codec.ts'
import { generateHostKey, type HostKey, parseHostKey } from '../../src/sftp/host-keys.ts'
import { sendMessage } from '../../src/sftp/ssh-message.ts'
import { ssh2 } from '../../src/sftp/ssh2.ts'
import { run } from '../helpers/child.ts'
import { clientTest, program } from '../helpers/clients.ts'
import { PASSWORD } from '../helpers/sftp-login.ts'
import { connect } from '../helpers/sftp-raw-client.ts'
import { startSftp } from '../helpers/sftp-server.ts'

const dir = mkdtempSync(join(tmpdir(), 'sallyport-hostkeys-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const PROVE = 'hostkeys-prove-00@openssh.com'
const make = async (kind: 'ed25519' | 'rsa'): Promise<HostKey> =>
  parseHostKey(kind, (await generateHostKey(kind)).privateKey)
const [old, next, rsa, nextRsa] = await Promise.all([
  make('ed25519'),
  make('ed25519'),
  make('rsa'),
  make('rsa'),
])
const hostKeys = [old, rsa, next, nextRsa]

const line = (port: number, key: HostKey): string =>
  `[127.0.0.1]:${port} ${key.algorithm} ${key.blob.toString('base64')}`

async function openssh(port: number, known: readonly HostKey[], ...options: readonly string[]) {
  const file = join(dir, `known-${port}`)
  writeFileSync(file, known.map((key) => `${line(port, key)}\n`).join(''))
  const all = [
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${file}`,
    'UpdateHostKeys=yes',
    'HashKnownHosts=no',
    ...options,
  ]
  const args = ['-p', PASSWORD, 'sftp', '-P', String(port), ...all.flatMap((option) => ['-o', option])]
  const { code, output } = await run('sshpass', [...args, 'alice@127.0.0.1'], { home: dir, input: 'pwd\n' })
  return { code, output, known: readFileSync(file, 'utf8').trim().split('\n').sort() }
}

for (const algorithm of ['ssh-ed25519', 'rsa-sha2-512', 'rsa-sha2-256'] as const) {
  const needs = [program('sftp'), program('sshpass')]
  clientTest(`OpenSSH that knows one host key learns the new ones (${algorithm})`, needs, async () => {
    const server = await startSftp({ hostKeys })
    const first = algorithm === 'ssh-ed25519' ? old : rsa
    const told = await openssh(server.port, [first], `HostKeyAlgorithms=${algorithm}`)
    assert.equal(told.code, 0, told.output)
    // It keeps what its algorithms can check.
    const usable = hostKeys.filter((key) => key.algorithm === first.algorithm)
    assert.deepEqual(told.known, usable.map((key) => line(server.port, key)).sort(), told.output)
    await server.close()
  })
}

type Answer = Readonly<{ type: number; data: Buffer }>

/** Asks for a proof and gives what comes back; ssh2's client queues a callback for each of its own requests only. */
function ask(client: Client, ...keys: readonly Buffer[]): Promise<Answer> {
  const protocol = Reflect.get(client, '_protocol')
  return new Promise((resolve) => {
    protocol._handlers.REQUEST_SUCCESS = (_: unknown, data: Buffer) => resolve({ type: 81, data })
    protocol._handlers.REQUEST_FAILURE = () => resolve({ type: 82, data: Buffer.alloc(0) })
    sendMessage(client as never, byte(80), string(PROVE), byte(1), ...keys.map((key) => string(key)))
  })
}

function publicKeyOf(key: HostKey): KeyObject {
  const parsed = ssh2.utils.parseKey(key.pem)
  if (parsed instanceof Error) throw parsed
  return createPublicKey(parsed.getPublicPEM())
}

test('a proof signs name, session and key, in the order asked for, once a connection', async () => {
  const server = await startSftp({ hostKeys })
  const client = await connect(server.port)
  const answer = await ask(client, nextRsa.blob, next.blob)
  assert.equal(answer.type, 81)
  const proofs = createBodyReader(answer.data)
  const session: Buffer = Reflect.get(client, '_protocol')._kex.sessionID
  for (const [key, name, hash] of [
    [nextRsa, 'rsa-sha2-512', 'sha512'],
    [next, 'ssh-ed25519', null],
  ] as const) {
    const signature = createBodyReader(proofs.string())
    assert.equal(signature.string().toString(), name)
    const signed = fieldsToBuffer(string(PROVE), string(session), string(key.blob))
    assert.ok(verify(hash, signed, publicKeyOf(key), signature.string()))
  }
  assert.equal(proofs.remaining, 0)
  assert.equal((await ask(client, next.blob)).type, 82)
  client.end()
  await server.close()
})

test('no proof for keys that are not ours, for the same one twice, for none, or for half a request', async () => {
  const server = await startSftp({ hostKeys: [old, rsa] })
  const { blob } = old
  for (const keys of [[next.blob], [blob, blob], [], [blob, next.blob]]) {
    const client = await connect(server.port)
    assert.equal((await ask(client, ...keys)).type, 82)
    client.end()
  }
  await server.close()
})
