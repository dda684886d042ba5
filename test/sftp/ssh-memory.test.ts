import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import ssh2 from 'ssh2'
import { unpooled, unpoolParts } from '../../src/sftp/ssh-memory.ts'
import { PASSWORD } from '../helpers/sftp-login.ts'
import { startSftp } from '../helpers/sftp-server.ts'

const isAlone = (bytes: Uint8Array): boolean => bytes.buffer.byteLength === bytes.length

test('a short Buffer has memory of its own inside, and shares again afterwards', () => {
  const alone = unpooled(() => Buffer.from('SSH-2.0-x'))
  assert.ok(isAlone(alone))
  assert.ok(!isAlone(Buffer.from('SSH-2.0-x')))
  assert.throws(() =>
    unpooled(() => {
      throw new Error('inside')
    }),
  )
  assert.ok(!isAlone(Buffer.from('SSH-2.0-x')))
})

test('parts keep what they say when they leave the block', () => {
  const parts = { line: Buffer.from('SSH-2.0-x'), count: 3, none: undefined }
  unpoolParts(parts)
  assert.ok(isAlone(parts.line))
  assert.deepEqual(parts, { line: Buffer.from('SSH-2.0-x'), count: 3, none: undefined })
  unpoolParts(undefined)
})

test('a logged-in connection holds no block of short Buffers, and no secret of its key exchange', async () => {
  const Protocol = createRequire(import.meta.url)('ssh2/lib/protocol/Protocol.js')
  const seen = new Set<object>()
  const told = Protocol.prototype.authSuccess
  Protocol.prototype.authSuccess = function authSuccess(this: object, ...rest: unknown[]) {
    seen.add(this)
    return told.apply(this, rest)
  }
  const server = await startSftp()
  const client = new ssh2.Client()
  await new Promise<void>((resolve, reject) => {
    client.on('ready', resolve).on('error', reject)
    client.connect({ host: '127.0.0.1', port: server.port, username: 'alice', password: PASSWORD })
  })
  Protocol.prototype.authSuccess = told
  const [protocol = {}] = seen
  const parts = [protocol, Reflect.get(protocol, '_cipher'), Reflect.get(protocol, '_decipher')]
  for (const part of parts) {
    for (const [name, value] of Object.entries(Object(part))) {
      if (Buffer.isBuffer(value)) assert.ok(isAlone(value), name)
    }
  }
  assert.ok(Buffer.isBuffer(Reflect.get(protocol, '_identRaw')))
  const exchange = Reflect.get(protocol, '_kex')
  for (const name of ['finish', 'computeSecret']) assert.ok(!Object.hasOwn(exchange, name), name)
  client.end()
  await server.close()
})
