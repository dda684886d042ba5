import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LoginStep } from '../../../src/core/auth/login.ts'
import { codeAt, createHarness, fullUser, type Harness, PASSWORD, SETTINGS } from './harness.ts'

const { user: USER, address: ADDRESS } = SETTINGS.lockout
const reasonOf = (step: LoginStep): string => (step.state === 'denied' ? step.reason : step.state)

async function fail(
  h: Harness,
  name: string,
  times: number,
  from = (_: number): string => '192.0.2.1',
): Promise<void> {
  for (let i = 0; i < times; i += 1) await h.attempt(name, 'wrong', { remoteIp: from(i) })
}

const locks = (h: Harness): unknown[] =>
  h.events.flatMap((event) => (event.type === 'login.locked' ? [event.scope] : []))

test('so many failures lock the name for every address and door, the right password included, until the lock ends', async () => {
  const h = createHarness([fullUser('alice')])
  await fail(h, 'alice', USER.after - 1)
  assert.deepEqual(locks(h), [])
  await fail(h, 'alice', 1)
  assert.deepEqual(locks(h), ['user'])
  const step = await h.attempt('alice', PASSWORD, { remoteIp: '198.51.100.1', door: 'sftp' })
  assert.deepEqual(step, { state: 'denied', code: 'auth.failed', reason: 'user-locked', disconnect: false })
  await h.clock.advance(USER.lockMs)
  assert.equal((await h.attempt('alice', PASSWORD)).state, 'granted')
  assert.deepEqual(locks(h), ['user'])
})

test('a lock is one event, and names nobody has lock alike', async () => {
  const h = createHarness([])
  await fail(h, 'nobody', USER.after + 3, (i) => `198.51.100.${i}`)
  assert.deepEqual(locks(h), ['user'])
})

test('failures of many names lock the address, and only it', async () => {
  const h = createHarness([fullUser('alice')])
  for (let i = 0; i < ADDRESS.after; i += 1) await h.attempt(`name-${i}`, 'wrong')
  assert.deepEqual(locks(h), ['address'])
  assert.equal(reasonOf(await h.attempt('alice', PASSWORD)), 'address-locked')
  assert.equal((await h.attempt('alice', PASSWORD, { remoteIp: '192.0.2.2' })).state, 'granted')
})

test('an IPv6 client does not escape by changing its address inside its /64', async () => {
  const h = createHarness([fullUser('alice')])
  for (let i = 0; i < ADDRESS.after; i += 1)
    await h.attempt(`n-${i}`, 'wrong', { remoteIp: `2001:db8::${i + 1}` })
  assert.equal(reasonOf(await h.attempt('alice', PASSWORD, { remoteIp: '2001:db8::ffff' })), 'address-locked')
})

test('a login clears the failures of the name, not those of the address', async () => {
  const h = createHarness([fullUser('alice')], {
    settings: { lockout: { user: USER, address: { ...ADDRESS, after: 8 } } },
  })
  await fail(h, 'alice', USER.after - 1)
  await h.attempt('alice', PASSWORD)
  await fail(h, 'alice', USER.after - 1)
  assert.deepEqual(locks(h), ['address'])
})

test('half a chain clears nothing: a known password does not make codes guessable', async () => {
  const h = createHarness([fullUser('mfa', { chains: [['password', 'totp']] })])
  for (let i = 0; i < USER.after; i += 1) {
    const login = h.connect()
    await login.begin('mfa')
    await h.password(login, PASSWORD)
    await h.code(login, '000000')
  }
  assert.deepEqual(locks(h), ['user'])
  assert.equal(reasonOf(await h.attempt('mfa', PASSWORD + codeAt(h.clock.now()))), 'user-locked')
})

test('a lock that starts counts for conversations that had begun before', async () => {
  const h = createHarness([fullUser('alice')])
  const early = h.connect({ remoteIp: '198.51.100.1' })
  await early.begin('alice')
  await fail(h, 'alice', USER.after)
  assert.equal(reasonOf(await h.password(early, PASSWORD)), 'user-locked')
})

test('guesses that run at once cannot outrun the lock', async () => {
  const h = createHarness([fullUser('mfa', { chains: [['password', 'totp']] })])
  const guesses = Array.from({ length: USER.after + 4 }, (_, i) =>
    i === USER.after + 3 ? PASSWORD : `wrong-${i}`,
  )
  const steps = await Promise.all(guesses.map((guess) => h.attempt('mfa', guess)))
  assert.ok(steps.every((step) => step.state === 'denied'))
  assert.equal(reasonOf(steps.at(-1) ?? { state: 'more', next: [], partial: false }), 'user-locked')
})

test('a rule of 0 never locks', async () => {
  const never = { ...USER, after: 0 }
  const h = createHarness([fullUser('alice')], { settings: { lockout: { user: never, address: never } } })
  await fail(h, 'alice', 40)
  assert.equal((await h.attempt('alice', PASSWORD)).state, 'granted')
})

/** How long the refusals of one password take, each on its own connection or all on one. */
async function delays(addresses: readonly string[], oneConnection: boolean): Promise<readonly number[]> {
  const settings = { failureDelayMaxMs: 4000, attemptsPerConnection: 20 }
  const lockout = { ...SETTINGS.lockout, user: { after: 2, windowMs: 60_000, lockMs: 1 } }
  const h = createHarness([fullUser('alice')], { settings: { ...settings, lockout } })
  const only = h.connect()
  const took: number[] = []
  for (const remoteIp of addresses) {
    const login = oneConnection ? only : h.connect({ remoteIp })
    await login.begin('alice')
    const started = h.clock.monotonic()
    await h.password(login, 'wrong')
    took.push(h.clock.monotonic() - started)
  }
  return took
}

test('the delay doubles for an address or on a connection, up to its limit, and not for a name', async () => {
  const same = Array(5).fill('192.0.2.7')
  assert.deepEqual(await delays(same, false), [1000, 2000, 4000, 4000, 4000])
  assert.deepEqual(await delays(same, true), [1000, 2000, 4000, 4000, 4000])
  const others = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']
  assert.deepEqual(await delays(others, false), [1000, 1000, 1000, 1000])
})
