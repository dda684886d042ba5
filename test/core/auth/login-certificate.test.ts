import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asSessionId, type Factor, type Origin } from '../../../src/core/identity.ts'
import { makeUser } from '../../helpers/memory-users.ts'
import { createHarness, fullUser, type Harness } from './harness.ts'

const MINE = 'aa'.repeat(32)
const OTHERS = 'bb'.repeat(32)
const BY_TYPING: ReadonlySet<Factor> = new Set(['password', 'totp'])
const PASSWORD_AND_MORE = { state: 'more', next: ['password', 'publickey'], partial: false }

function shown(h: Harness, fingerprint: string) {
  const origin: Origin = {
    session: asSessionId(`tls-${fingerprint}-${h.events.length}`),
    door: 'ftps',
    remoteIp: '192.0.2.1',
    remotePort: 40000,
    localIp: '192.0.2.254',
    localPort: 21,
    listener: 'main',
    encrypted: true,
  }
  return h.authenticator.open(origin, BY_TYPING, {
    factor: 'client-cert',
    fingerprint,
    subject: '',
    chainVerified: true,
  })
}

function person(name: string, chains: readonly (readonly Factor[])[]) {
  const full = fullUser(name)
  return makeUser(name, { chains, credentials: { ...full.credentials, certificates: [MINE] } })
}

test('a certificate alone grants at once where the chain says so', async () => {
  const h = createHarness([person('alice', [['client-cert']])])
  const step = await shown(h, MINE).begin('alice')
  assert.ok(step.state === 'granted')
  assert.deepEqual(step.session.principal.factors, ['client-cert'])
  assert.equal(h.hasher.checks, 0)
})

test('with more in the chain it is the first factor', async () => {
  const h = createHarness([person('alice', [['client-cert', 'password']])])
  const step = await shown(h, MINE).begin('alice')
  assert.deepEqual(step, { state: 'more', next: ['password'], partial: true })
})

test('it opens no chain in which it does not stand', async () => {
  const h = createHarness([person('alice', [['password']])])
  assert.deepEqual(await shown(h, MINE).begin('alice'), { state: 'more', next: ['password'], partial: false })
})

test("somebody else's certificate, or none, leads where an unknown name leads, and a right password too", async () => {
  const h = createHarness([person('alice', [['client-cert', 'password']])])
  const connections = [
    ['alice', shown(h, OTHERS)],
    ['nobody', shown(h, MINE)],
    ['alice', h.connect({}, BY_TYPING)],
  ] as const
  for (const [name, login] of connections) {
    assert.deepEqual(await login.begin(name), PASSWORD_AND_MORE)
    const step = await h.password(login, 'right')
    assert.deepEqual([step.state, step.state === 'denied' && step.code], ['denied', 'auth.failed'])
  }
})

test('a certificate that is taken away between two steps no longer counts', async () => {
  const alice = person('alice', [['client-cert', 'password']])
  const h = createHarness([alice])
  const login = shown(h, MINE)
  await login.begin('alice')
  h.users.put({ ...alice, credentials: { ...alice.credentials, certificates: [] } })
  assert.equal((await h.password(login, 'right')).state, 'denied')
})
