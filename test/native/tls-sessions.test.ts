// Which sessions are resumed by TLS on bare descriptors, and what none of it is done with.
import assert from 'node:assert/strict'
import { constants, generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { constants as system } from 'node:os'
import { test } from 'node:test'
import { until } from '../helpers/descriptors.ts'
import { needsNative } from '../helpers/native.ts'
import {
  CIPHERS,
  contextOf,
  meet,
  addon as native,
  PEM,
  type Sessions,
  SUITES,
  TLS_1_2,
} from '../helpers/tls-meeting.ts'

const { EINVAL } = system.errno

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version}: a ticket counts where keys and name are the same`, needsNative, async (t) => {
    const keys = randomBytes(48)
    const first = await meet(t, contextOf({ keys }), { maxVersion: version })
    assert.equal(native.tlsResumed(first.server), 0)
    await until(() => first.tickets.length > 0)
    const session = first.tickets.at(-1)
    const again = async (sessions: Sessions) => {
      const { server, result } = await meet(t, contextOf(sessions), { maxVersion: version, session })
      assert.equal(result, 0)
      return native.tlsResumed(server)
    }
    assert.equal(await again({ keys }), 1)
    assert.equal(await again({}), 0, 'other keys')
    assert.equal(await again({ keys, name: 'other' }), 0)
    const named = Buffer.concat([keys.subarray(0, 16), randomBytes(32)])
    assert.equal(await again({ keys: named }), 0, 'other keys of the same name')
  })

  test(`${version}: where none may begin, nobody gets a ticket that counts`, needsNative, async (t) => {
    const keys = randomBytes(48)
    const options = { maxVersion: version }
    const fresh = await meet(t, contextOf({ keys, begins: false }), options)
    assert.equal(fresh.result, 0)
    native.sendTls(fresh.server, Buffer.from('x'), 0, 1)
    await once(fresh.client.tls, 'data')
    assert.equal(fresh.tickets.length, 0)
    const session = fresh.client.tls.getSession()
    const again = await meet(t, contextOf({ keys, begins: false }), {
      ...options,
      ...(session && { session }),
    })
    assert.equal(native.tlsResumed(again.server), 0)
    const begun = await meet(t, contextOf({ keys }), options)
    await until(() => begun.tickets.length > 0)
    const resumed = await meet(t, contextOf({ keys, begins: false }), {
      ...options,
      session: begun.tickets.at(-1),
    })
    assert.equal(native.tlsResumed(resumed.server), 1)
    // Clients of TLS 1.3 use a ticket once.
    if (version === 'TLSv1.3') await until(() => resumed.tickets.length > 0)
  })
}

test('tickets that go last come with the end, as many as else', needsNative, async (t) => {
  const keys = randomBytes(48)
  const options = { maxVersion: 'TLSv1.3' } as const
  const last = async (sessions: Sessions, session?: Buffer) => {
    const met = await meet(t, contextOf(sessions), { ...options, ...(session && { session }) }, 1)
    assert.equal(met.result, 0)
    native.sendTls(met.server, Buffer.from('x'), 0, 1)
    await once(met.client.tls, 'data')
    assert.equal(met.tickets.length, 0, 'before the end')
    assert.equal(native.endTls(met.server), 0)
    await once(met.client.tls, 'end')
    return met
  }
  const fresh = await last({ keys })
  assert.equal(fresh.tickets.length, 2)
  const session = fresh.tickets.at(-1)
  const resumed = await last({ keys }, session)
  assert.deepEqual([native.tlsResumed(resumed.server), resumed.tickets.length], [1, 0])
  const bound = await last({ keys, begins: false }, session)
  assert.deepEqual([native.tlsResumed(bound.server), bound.tickets.length], [1, 1])
  const stranger = await last({ keys, begins: false })
  assert.deepEqual([native.tlsResumed(stranger.server), stranger.tickets.length], [0, 0])
})

test('what `find` throws, or gives that is no session, makes a new session', needsNative, async (t) => {
  const options = { maxVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET } as const
  const first = await meet(t, contextOf(), options)
  native.sendTls(first.server, Buffer.from('x'), 0, 1)
  await once(first.client.tls, 'data')
  const session = first.client.tls.getSession()
  const asked: number[] = []
  const finds = [
    () => {
      throw new Error('no')
    },
    () => randomBytes(100),
    () => new Uint8Array(0),
    () => null as unknown as undefined,
    () => 'text' as unknown as undefined,
  ]
  for (const find of finds) {
    const { server, result } = await meet(
      t,
      contextOf({
        find: (id) => {
          asked.push(id.length)
          return find()
        },
      }),
      { ...options, session },
    )
    assert.equal(result, 0)
    assert.equal(native.tlsResumed(server), 0)
  }
  assert.deepEqual(
    asked,
    finds.map(() => 32),
  )
})

test('nothing is done to a connection that is closed, nor for what is none', needsNative, async (t) => {
  const context = contextOf()
  const { server } = await meet(t, context)
  assert.equal(native.closeTls(server), 0)
  assert.equal(native.closeTls(server), -EINVAL)
  const bytes = Buffer.alloc(8)
  const { shakeHands, tlsResumed, flushTls, endTls } = native
  for (const call of [shakeHands, tlsResumed, flushTls, endTls]) assert.equal(call(server), -EINVAL)
  assert.equal(native.sendTls(server, bytes, 0, 8), -EINVAL)
  assert.equal(native.receiveTls(server, bytes, 0), -EINVAL)
  assert.equal(native.pendingTls(server), 0)
  assert.equal(native.tlsProblem(server), 'the connection was lost')
  const unset = native.createTlsContext(...PEM, CIPHERS, SUITES, TLS_1_2)
  assert.ok(unset)
  assert.equal(native.openTls(unset, 0, 0), null, 'without keys')
  assert.equal(
    native.resumeSessions(context, randomBytes(48), 'x', 1, () => undefined, 1),
    -EINVAL,
    'twice',
  )
  assert.equal(
    native.resumeSessions(unset, randomBytes(47), 'x', 1, () => undefined, 1),
    -EINVAL,
  )
  assert.equal(
    native.resumeSessions(unset, randomBytes(48), 'x'.repeat(33), 1, () => undefined, 1),
    -EINVAL,
  )
})

test('bounds are kept', needsNative, async (t) => {
  const { server } = await meet(t, contextOf())
  const bytes = Buffer.alloc(8)
  for (const [from, to] of [
    [0, 9],
    [-1, 2],
    [3, 2],
  ] as const)
    assert.equal(native.sendTls(server, bytes, from, to), -EINVAL)
  for (const used of [-1, 8, 9]) assert.equal(native.receiveTls(server, bytes, used), -EINVAL)
  assert.equal(native.sendTls(server, bytes, 8, 8), 0)
})

test('what OpenSSL refuses makes no context, and asks nobody for a passphrase', needsNative, () => {
  const [certificate, key] = PEM
  const locked = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
  }).privateKey
  const other = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey
  const none = Buffer.alloc(0)
  const rows = [
    [none, key, CIPHERS, SUITES],
    [certificate, none, CIPHERS, SUITES],
    [key, certificate, CIPHERS, SUITES],
    [certificate, Buffer.from(locked), CIPHERS, SUITES],
    [certificate, Buffer.from(other), CIPHERS, SUITES],
    [certificate, key, 'NONSENSE', SUITES],
    [certificate, key, CIPHERS, 'NONSENSE'],
    [certificate, key, 'A'.repeat(5000), SUITES],
  ] as const
  for (const [pem, secret, ciphers, suites] of rows)
    assert.equal(native.createTlsContext(pem, secret, ciphers, suites, TLS_1_2), null)
  assert.equal(native.createTlsContext(certificate, key, CIPHERS, SUITES, 7), null)
})
