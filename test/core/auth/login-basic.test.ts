import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeAt, createHarness, fullUser, PASSWORD, SHOWN_KEY, stepStart } from './harness.ts'

test('the right password is a login, with session, principal and audit', async () => {
  const h = createHarness([fullUser('alice')])
  const login = h.connect()
  assert.deepEqual(await login.begin('alice'), { state: 'more', next: ['password'], partial: false })
  const step = await h.password(login, PASSWORD)
  assert.equal(step.state, 'granted')
  if (step.state !== 'granted') return
  assert.equal(step.session.principal.user, 'alice')
  assert.deepEqual(step.session.principal.factors, ['password'])
  assert.equal(await h.state.countSessions(step.session.principal.user), 1)
  await step.session.close()
  assert.equal(await h.state.countSessions(step.session.principal.user), 0)
  const granted = h.events.at(-1)
  assert.deepEqual(granted, {
    at: h.clock.now(),
    session: 'session-1',
    door: 'ftps',
    listener: 'main',
    remoteIp: '192.0.2.1',
    user: 'alice',
    type: 'login.granted',
    factors: ['password'],
  })
})

test('a session never carries a credential', async () => {
  const h = createHarness([fullUser('alice')])
  const step = await h.attempt('alice', PASSWORD)
  assert.ok(step.state === 'granted')
  assert.equal('credentials' in step.session.principal, false)
  assert.equal(JSON.stringify(h.events).includes(PASSWORD), false)
})

test('password then code, and the code is spent', async () => {
  const h = createHarness([fullUser('alice', { chains: [['password', 'totp']] })])
  const login = h.connect()
  await login.begin('alice')
  assert.deepEqual(await h.password(login, PASSWORD), { state: 'more', next: ['totp'], partial: true })
  const step = await h.code(login, codeAt(h.clock.now()))
  assert.ok(step.state === 'granted')
  assert.deepEqual(step.session.principal.factors, ['password', 'totp'])
  assert.equal(await h.state.consumeTotpStep(step.session.principal.user, stepStart(h.clock.now())), false)
})

test('a wrong password is denied without saying which reason', async () => {
  const h = createHarness([fullUser('alice')])
  assert.deepEqual(await h.attempt('alice', 'wrong'), {
    state: 'denied',
    code: 'auth.failed',
    reason: 'wrong-password',
    disconnect: false,
  })
})

test('public key, then code', async () => {
  const h = createHarness([fullUser('alice', { chains: [['publickey', 'totp']] })])
  const login = h.connect({ door: 'sftp' })
  assert.deepEqual(await login.begin('alice'), { state: 'more', next: ['publickey'], partial: false })
  assert.equal(await login.wouldAcceptKey(SHOWN_KEY), true)
  const step = await h.offer(login, {
    factor: 'publickey',
    ...SHOWN_KEY,
    signatureVerified: true,
  })
  assert.deepEqual(step, { state: 'more', next: ['totp'], partial: true })
  assert.equal((await h.code(login, codeAt(h.clock.now()))).state, 'granted')
})
