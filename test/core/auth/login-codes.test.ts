import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashArgon2 } from '../../../src/core/auth/argon2.ts'
import { asSessionId, asUserId } from '../../../src/core/identity.ts'
import {
  CHEAP,
  codeAt,
  createHarness,
  fullUser,
  PASSWORD,
  SHOWN_KEY,
  stepStart,
  TOTP_CREDENTIAL,
} from './harness.ts'

const mfa = fullUser('mfa', { chains: [['password', 'totp']] })
const reasonOf = (step: { state: string; reason?: string }): string | undefined => step.reason

test('a code appended to the password completes the chain in one step', async () => {
  const h = createHarness([mfa])
  const step = await h.attempt('mfa', PASSWORD + codeAt(h.clock.now()))
  assert.ok(step.state === 'granted')
  assert.deepEqual(step.session.principal.factors, ['password', 'totp'])
})

test('an appended code is no code where the setting is off', async () => {
  const h = createHarness([mfa], { settings: { appendedCode: false } })
  assert.equal(reasonOf(await h.attempt('mfa', PASSWORD + codeAt(h.clock.now()))), 'wrong-password')
})

test('an appended code after a public key works too', async () => {
  const h = createHarness([fullUser('all', { chains: [['publickey', 'password', 'totp']] })])
  const login = h.connect()
  await login.begin('all')
  await h.offer(login, { factor: 'publickey', ...SHOWN_KEY, signatureVerified: true })
  assert.equal((await h.password(login, PASSWORD + codeAt(h.clock.now()))).state, 'granted')
})

test('a user of longer codes may append theirs', async () => {
  const credentials = { ...mfa.credentials, totp: { ...TOTP_CREDENTIAL, digits: 8 } }
  const h = createHarness([{ ...mfa, credentials }])
  assert.equal(reasonOf(await h.attempt('mfa', PASSWORD + codeAt(h.clock.now()))), 'wrong-password')
  const { Secret, TOTP } = await import('otpauth')
  const secret = new Secret({ buffer: Uint8Array.from(TOTP_CREDENTIAL.secret).buffer })
  const code = new TOTP({ secret, digits: 8 }).generate({ timestamp: h.clock.now() })
  assert.equal((await h.attempt('mfa', PASSWORD + code)).state, 'granted')
})

test('a password that ends in digits is itself first', async () => {
  const passwordHash = await hashArgon2('blue123456', CHEAP)
  const h = createHarness([
    fullUser('plain', { credentials: { ...mfa.credentials, passwordHash, totp: undefined } }),
    fullUser('mfa', { chains: [['password', 'totp']], credentials: { ...mfa.credentials, passwordHash } }),
  ])
  assert.equal((await h.attempt('plain', 'blue123456')).state, 'granted')
  assert.equal((await h.attempt('mfa', 'blue123456')).state, 'more')
  assert.equal((await h.attempt('mfa', `blue123456${codeAt(h.clock.now())}`)).state, 'granted')
})

test('a right password with a wrong appended code proves nothing and looks like a wrong password', async () => {
  const h = createHarness([mfa])
  const code = codeAt(h.clock.now() + 600_000)
  const right = await h.attempt('mfa', PASSWORD + code)
  const spent = h.hasher.checks
  const wrong = await h.attempt('mfa', `wrong password${code}`)
  assert.deepEqual({ ...right, reason: '' }, { ...wrong, reason: '' })
  assert.equal(h.hasher.checks, 2 * spent)
  assert.deepEqual(h.denials(), ['wrong-code', 'wrong-password'])
})

test('a right appended code is not spent by a wrong password', async () => {
  const h = createHarness([mfa])
  const code = codeAt(h.clock.now())
  assert.equal(reasonOf(await h.attempt('mfa', `wrong${code}`)), 'wrong-password')
  assert.equal((await h.attempt('mfa', PASSWORD + code)).state, 'granted')
})

test('a code is good once, whatever the door and the form', async () => {
  const h = createHarness([mfa])
  const code = codeAt(h.clock.now())
  assert.equal((await h.attempt('mfa', PASSWORD + code)).state, 'granted')
  assert.equal(reasonOf(await h.attempt('mfa', PASSWORD + code, { door: 'sftp' })), 'replayed-code')
  const login = h.connect({ door: 'sftp' })
  await login.begin('mfa')
  await h.password(login, PASSWORD)
  assert.equal(reasonOf(await h.code(login, code)), 'replayed-code')
  assert.equal(h.sessions.count, 1)
  assert.equal(await h.state.countSessions(mfa.id), 1)
})

test('after a replay the next code of the same conversation is taken', async () => {
  const h = createHarness([mfa])
  const code = codeAt(h.clock.now())
  await h.attempt('mfa', PASSWORD + code)
  const login = h.connect()
  await login.begin('mfa')
  await h.password(login, PASSWORD)
  await h.code(login, code)
  await h.clock.advance(30_000)
  assert.equal((await h.code(login, codeAt(h.clock.now()))).state, 'granted')
})

test('of two connections with one code one is granted', async () => {
  const h = createHarness([mfa])
  const code = codeAt(h.clock.now())
  const steps = await Promise.all([h.attempt('mfa', PASSWORD + code), h.attempt('mfa', PASSWORD + code)])
  assert.deepEqual(steps.map((step) => step.state).sort(), ['denied', 'granted'])
})

test('a login refused for the cap does not spend the code', async () => {
  const h = createHarness([{ ...mfa, limits: { maxSessions: 1, quotaBytes: 0, quotaFiles: 0 } }])
  await h.state.openSession(mfa.id, asSessionId('elsewhere'), 1)
  const code = codeAt(h.clock.now())
  assert.deepEqual(await h.attempt('mfa', PASSWORD + code), {
    state: 'denied',
    code: 'session.limit',
    reason: 'too-many-sessions',
    disconnect: true,
  })
  await h.state.closeSession(asSessionId('elsewhere'))
  assert.equal((await h.attempt('mfa', PASSWORD + code)).state, 'granted')
})

test('codes count also after their steps have become longer or shorter', async () => {
  const { Secret, TOTP } = await import('otpauth')
  const secret = new Secret({ buffer: Uint8Array.from(TOTP_CREDENTIAL.secret).buffer })
  const h = createHarness([mfa])
  for (const periodSeconds of [30, 60, 15, 120]) {
    const totp = { ...TOTP_CREDENTIAL, periodSeconds }
    h.users.put({ ...mfa, credentials: { ...mfa.credentials, totp } })
    const code = new TOTP({ secret, period: periodSeconds }).generate({ timestamp: h.clock.now() })
    assert.equal((await h.attempt('mfa', PASSWORD + code)).state, 'granted', `${periodSeconds} s`)
    assert.equal(reasonOf(await h.attempt('mfa', PASSWORD + code)), 'replayed-code')
    await h.clock.advance(120_000)
  }
})

test('codes of one step off are taken, of two are not', async () => {
  for (const [offset, state] of [
    [-60, 'denied'],
    [-30, 'granted'],
    [30, 'granted'],
    [60, 'denied'],
  ] as const) {
    const h = createHarness([mfa])
    assert.equal(
      (await h.attempt('mfa', PASSWORD + codeAt(h.clock.now() + offset * 1000))).state,
      state,
      `${offset} s`,
    )
  }
})

test('a user without a secret cannot pass a chain with a code', async () => {
  const h = createHarness([{ ...mfa, credentials: { ...mfa.credentials, totp: undefined } }])
  const login = h.connect()
  await login.begin('mfa')
  assert.equal((await h.password(login, PASSWORD)).state, 'more')
  assert.equal((await h.code(login, codeAt(h.clock.now()))).state, 'denied')
})

test('the code that counts is the latest one given', async () => {
  const h = createHarness([fullUser('all', { chains: [['password', 'totp', 'publickey']] })])
  const login = h.connect()
  await login.begin('all')
  await h.password(login, PASSWORD)
  assert.deepEqual(await h.code(login, codeAt(h.clock.now())), {
    state: 'more',
    next: ['publickey'],
    partial: true,
  })
  await h.state.consumeTotpStep(asUserId('all'), stepStart(h.clock.now()))
  await h.clock.advance(30_000)
  await h.code(login, codeAt(h.clock.now()))
  const key = { factor: 'publickey', ...SHOWN_KEY, signatureVerified: true } as const
  assert.equal((await h.offer(login, key)).state, 'granted')
})

test('a replayed code is not kept as proven', async () => {
  const h = createHarness([mfa])
  const code = codeAt(h.clock.now())
  await h.attempt('mfa', PASSWORD + code)
  const login = h.connect()
  await login.begin('mfa')
  assert.equal(reasonOf(await h.password(login, PASSWORD + code)), 'replayed-code')
  assert.deepEqual(await h.password(login, PASSWORD), { state: 'more', next: ['totp'], partial: true })
})

test('a remembered password does not shorten the refusal of a wrong code', async () => {
  const h = createHarness([mfa])
  const seen: string[] = []
  const verify = h.hasher.verify
  h.hasher.verify = (claim, secret) => {
    seen.push(secret)
    return verify(claim, secret)
  }
  const wrong = codeAt(h.clock.now() + 600_000)
  assert.equal(reasonOf(await h.attempt('mfa', PASSWORD + wrong)), 'wrong-code')
  // Only the whole secret may be answered from memory; the part before a wrong code is always hashed.
  assert.deepEqual(seen, [PASSWORD + wrong])
})
