import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { queryObjects } from 'node:v8'
import type { Client, Connection } from 'ssh2'
import type { Session } from '../../src/core/sessions.ts'
import { converse } from '../../src/sftp/auth.ts'
import { unpooled, unpoolParts } from '../../src/sftp/ssh-memory.ts'
import { ssh2 } from '../../src/sftp/ssh2.ts'
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
  assert.deepEqual(Object.keys(Object(Reflect.get(protocol, '_kex'))), ['sessionID', 'negotiated'])
  client.end()
  await server.close()
})

async function login(port: number): Promise<Client> {
  const client = new ssh2.Client()
  await new Promise<void>((resolve, reject) => {
    client.on('ready', resolve).on('error', reject)
    client.connect({ host: '127.0.0.1', port, username: 'alice', password: PASSWORD })
  })
  return client
}

/** Everywhere in this process, after a garbage collection. */
const countOf = (type: Type): number => queryObjects(type, { format: 'count' })
type Type = abstract new (...args: never[]) => object

test('connections share one offer, and none keeps the key exchange of its login', async () => {
  const server = await startSftp()
  const first = await login(server.port)
  const exchange: object = Reflect.get(Object(Reflect.get(first, '_protocol')), '_kex')
  const Exchange = exchange.constructor as Type
  const { KexInit } = createRequire(import.meta.url)('ssh2/lib/protocol/kex.js')
  const offers = countOf(KexInit)
  const exchanges = countOf(Exchange)
  const others = await Promise.all(Array.from({ length: 4 }, () => login(server.port)))
  assert.equal(countOf(KexInit), offers)
  assert.equal(countOf(Exchange), exchanges + others.length, 'those of the clients')
  for (const client of [first, ...others]) client.end()
  await server.close()
})

test('what a login needed is gone when it is granted, its password first', async () => {
  const client = new EventEmitter()
  const session = { principal: undefined } as unknown as Session
  const granted = Promise.withResolvers<void>()
  converse({
    client: client as unknown as Connection,
    login: {
      begin: async () => ({ state: 'more', next: ['password'], partial: false }),
      wouldAcceptKey: async () => false,
      leave: () => {},
      offer: async () => ({ state: 'granted', session }),
    },
    maxRequests: 2,
    keyRules: { signatures: [], minRsaBits: 3072 },
    promptsAtOnce: false,
    usualKeyRules: undefined,
    onExcepted: () => {},
    onGranted: () => granted.resolve(),
    onRefused: (cause) => granted.reject(cause),
  })
  const request = { method: 'password', username: 'alice', password: 'secret', accept() {}, reject() {} }
  assert.equal(client.emit('authentication', request), true)
  await granted.promise
  assert.equal(request.password, '')
  assert.deepEqual(client.eventNames(), [])
})
