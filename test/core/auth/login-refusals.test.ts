import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashArgon2 } from '../../../src/core/auth/argon2.ts'
import type { Proof } from '../../../src/core/auth/login.ts'
import { userKey } from '../../../src/core/auth/throttle.ts'
import { asSessionId, type Origin, type User } from '../../../src/core/identity.ts'
import type { DenyReason } from '../../../src/core/policy/decide.ts'
import { settle } from '../../helpers/fake-clock.ts'
import {
  CERTIFICATE,
  CHEAP,
  codeAt,
  createHarness,
  fullUser,
  PASSWORD,
  SETTINGS,
  SHOWN_KEY,
} from './harness.ts'

const OUTSIDE: Partial<User> = { allow: ['127.0.0.2'] }
const REFUSED: readonly (readonly [string, DenyReason, Partial<User>])[] = [
  ['disabled', 'user-disabled', { enabled: false }],
  ['expired', 'user-expired', { expires: new Date(0) }],
  ['elsewhere', 'address-not-allowed-for-user', OUTSIDE],
  ['doorless', 'door-not-allowed', { doors: new Set(['sftp']) }],
  ['keyonly', 'factor-not-in-chain', { chains: [['publickey', 'totp']] }],
]

for (const [name, reason, changes] of REFUSED) {
  test(`the right password of ${name} is refused like a wrong one, and the audit says ${reason}`, async () => {
    const h = createHarness([fullUser(name, changes), fullUser('plain')])
    const wrong = await h.attempt('plain', 'wrong')
    const spent = h.hasher.checks
    const step = await h.attempt(name, PASSWORD)
    assert.deepEqual({ ...step, reason: '' }, { ...wrong, reason: '' })
    assert.equal(h.hasher.checks, 2 * spent)
    assert.deepEqual(h.denials(), ['wrong-password', reason])
  })
}

test('an unknown name walks the same steps at the same cost, and takes the same time', async () => {
  const secrets = [
    'wrong',
    'wrong123456',
    '123456',
    '1234567',
    'x'.repeat(5000),
    `${'x'.repeat(5000)}123456`,
    '',
  ]
  for (const secret of secrets) {
    const told = []
    for (const name of ['alice', 'mfa', 'keyonly', 'nobody', 'n'.repeat(10_000)]) {
      const h = createHarness([
        fullUser('alice'),
        fullUser('mfa', { chains: [['password', 'totp']] }),
        fullUser('keyonly', { chains: [['publickey']] }),
      ])
      const started = h.clock.now()
      const login = h.connect()
      assert.equal((await login.begin(name)).state, 'more')
      const step = await h.password(login, secret)
      told.push({ ...step, reason: '', checks: h.hasher.checks, took: h.clock.now() - started })
    }
    for (const each of told) assert.deepEqual(each, told[0])
    assert.equal(told[0]?.took, SETTINGS.failureDelayMs)
  }
})

test('a secret that ends in digits costs two checks on failure only where codes may be appended', async () => {
  const on = createHarness([fullUser('alice')])
  await on.attempt('nobody', 'wrong123456')
  assert.equal(on.hasher.checks, 2)
  const off = createHarness([fullUser('alice')], { settings: { appendedCode: false } })
  await off.attempt('nobody', 'wrong123456')
  assert.equal(off.hasher.checks, 1)
})

test('a refusal is not answered before its time, whatever the reason', async () => {
  const h = createHarness([fullUser('alice')])
  for (const name of ['alice', 'nobody']) {
    const login = h.connect()
    await login.begin(name)
    let answered = false
    const done = login.offer({ factor: 'totp', code: '000000' }).then(() => {
      answered = true
    })
    await settle()
    await h.clock.advance(SETTINGS.failureDelayMs - 1)
    assert.equal(answered, false)
    await h.clock.advance(1)
    await done
  }
})

test('begin names no reason: every denied name goes on to a password', async () => {
  const h = createHarness([fullUser('disabled', { enabled: false })])
  const unknown = await h.connect().begin('nobody')
  assert.deepEqual(await h.connect().begin('disabled'), unknown)
  assert.deepEqual(await h.connect().begin(''), unknown)
  assert.deepEqual(await h.connect().begin('é'.repeat(200)), unknown)
})

const CLEAR: Partial<Origin> = { door: 'ftp', encrypted: false, listener: 'legacy' }
const sunset = { plaintextUntil: new Date('2030-01-15'), owner: 'ops', reason: 'old' }

test('in clear every name but a valid exception is told to encrypt, before any password', async () => {
  const policy = { cleartextListeners: new Set(['legacy']) }
  const people = [fullUser('alice'), fullUser('legacy', { sunset }), fullUser('off', { enabled: false })]
  const h = createHarness(people, { policy })
  for (const name of ['alice', 'nobody', 'off', 'x'.repeat(999)]) {
    assert.deepEqual(await h.connect(CLEAR).begin(name), {
      state: 'denied',
      code: 'policy.encryption-required',
      reason: 'encryption-required',
      disconnect: false,
    })
  }
  assert.equal(h.hasher.checks, 0)
  assert.equal((await h.attempt('legacy', PASSWORD, CLEAR)).state, 'granted')
  await h.clock.advance(86_400_000)
  assert.equal((await h.attempt('legacy', PASSWORD, CLEAR)).state, 'denied')
})

test('a locked address is still told to encrypt: it must not be asked for a password in clear', async () => {
  const h = createHarness([fullUser('alice')], { policy: { deny: ['192.0.2.1'] } })
  const step = await h.connect(CLEAR).begin('alice')
  assert.equal(step.state === 'denied' && step.code, 'policy.encryption-required')
})

test('a connection gets so many refusals, over all names, and then nothing is looked at any more', async () => {
  const h = createHarness([fullUser('alice')])
  const login = h.connect()
  const ends: boolean[] = []
  for (const name of ['alice', 'nobody', 'alice']) {
    await login.begin(name)
    const step = await h.password(login, 'wrong')
    ends.push(step.state === 'denied' && step.disconnect)
  }
  assert.deepEqual(ends, [false, false, true])
  const spent = h.hasher.checks
  assert.equal((await login.begin('alice')).state, 'denied')
  assert.equal((await h.password(login, PASSWORD)).state, 'denied')
  assert.equal(h.hasher.checks, spent)
})

test('a code is not looked at before another factor of its chain', async () => {
  const h = createHarness([fullUser('alice', { chains: [['password', 'totp']] })])
  const login = h.connect()
  await login.begin('alice')
  const step = await h.code(login, codeAt(h.clock.now()))
  assert.equal(step.state === 'denied' && step.reason, 'factor-not-in-chain')
  await h.password(login, PASSWORD)
  assert.equal((await h.code(login, codeAt(h.clock.now()))).state, 'granted')
})

test('a chain of a code alone lets nobody in', async () => {
  const h = createHarness([fullUser('alice', { chains: [['totp']] })])
  const login = h.connect()
  await login.begin('alice')
  assert.equal((await h.code(login, codeAt(h.clock.now()))).state, 'denied')
})

const WRONG_PROOFS: readonly (readonly [Proof, DenyReason])[] = [
  [
    { factor: 'publickey', ...SHOWN_KEY, fingerprint: 'SHA256:other', signatureVerified: true },
    'unknown-key',
  ],
  [
    { factor: 'client-cert', fingerprint: 'bb'.repeat(32), subject: '', chainVerified: true },
    'unknown-certificate',
  ],
]

for (const [proof, reason] of WRONG_PROOFS) {
  test(`a wrong ${proof.factor} counts as a failure: ${reason}`, async () => {
    const h = createHarness([fullUser('alice', { chains: [['publickey'], ['client-cert', 'password']] })])
    const login = h.connect()
    await login.begin('alice')
    const step = await h.offer(login, proof)
    assert.equal(step.state === 'denied' && step.reason, reason)
    assert.equal(await h.state.clearFailures(userKey('alice')), true)
  })
}

test('a key is the right one of this user only, and asking about keys never counts', async () => {
  const other = { ...fullUser('bob', { chains: [['publickey']] }) }
  const bob = { ...other, credentials: { ...other.credentials, keys: [] } }
  const people = [
    fullUser('alice', { chains: [['publickey']] }),
    bob,
    fullUser('pass'),
    fullUser('off', { enabled: false }),
  ]
  const h = createHarness(people)
  for (const [name, expected] of [
    ['alice', true],
    ['bob', false],
    ['pass', false],
    ['off', false],
    ['nobody', false],
  ] as const) {
    const login = h.connect()
    await login.begin(name)
    for (let i = 0; i < 10; i += 1) assert.equal(await login.wouldAcceptKey(SHOWN_KEY), expected, name)
    assert.equal(await login.wouldAcceptKey({ ...SHOWN_KEY, fingerprint: 'SHA256:other' }), false)
    assert.equal(await h.state.clearFailures(userKey(name)), false)
  }
  assert.equal(await h.connect().wouldAcceptKey(SHOWN_KEY), false)
})

test('certificate and password make a chain', async () => {
  const h = createHarness([fullUser('alice', { chains: [['client-cert', 'password']] })])
  const login = h.connect()
  await login.begin('alice')
  const step = await h.offer(login, {
    factor: 'client-cert',
    fingerprint: CERTIFICATE,
    subject: '',
    chainVerified: true,
  })
  assert.deepEqual(step, { state: 'more', next: ['password'], partial: true })
  assert.equal((await h.password(login, PASSWORD)).state, 'granted')
})

test('a new name forgets the proofs of the old one', async () => {
  const chains: User['chains'] = [['publickey', 'password']]
  const h = createHarness([fullUser('alice', { chains }), fullUser('bob', { chains })])
  const login = h.connect()
  await login.begin('alice')
  await h.offer(login, { factor: 'publickey', ...SHOWN_KEY, signatureVerified: true })
  await login.begin('bob')
  assert.deepEqual(await h.password(login, PASSWORD), { state: 'more', next: ['publickey'], partial: true })
})

test('a failed proof leaves the proven ones of the name', async () => {
  const h = createHarness([fullUser('alice', { chains: [['password', 'totp']] })])
  const login = h.connect()
  await login.begin('alice')
  await h.password(login, PASSWORD)
  assert.equal((await h.code(login, '000000')).state, 'denied')
  assert.equal((await h.code(login, codeAt(h.clock.now()))).state, 'granted')
})

test('the password of a refused user is not looked at: right or wrong, it costs the same', async () => {
  const passwordHash = await hashArgon2('blue123456', CHEAP)
  const credentials = { ...fullUser('off').credentials, passwordHash }
  const h = createHarness([fullUser('off', { enabled: false, credentials })])
  await h.attempt('off', 'blue123456')
  assert.equal(h.hasher.checks, 2)
})

test('a name too long to be looked up is nobody’s, even where its beginning is somebody’s', async () => {
  const longest = 'n'.repeat(256)
  const h = createHarness([fullUser(longest)])
  assert.equal((await h.attempt(longest, PASSWORD)).state, 'granted')
  assert.equal((await h.attempt(`${longest}n`, PASSWORD)).state, 'denied')
})

test('names that cannot be anybody’s are not looked up', async () => {
  const h = createHarness([])
  h.users.find = async () => assert.fail('looked up')
  for (const name of ['', 'x'.repeat(257), 'é'.repeat(129)]) {
    assert.equal((await h.connect().begin(name)).state, 'more')
  }
})

test('a password that is too long is wrong, even where its end is right', async () => {
  const longest = 'x'.repeat(1024)
  const passwordHash = await hashArgon2(longest, CHEAP)
  const h = createHarness([
    fullUser('alice', { credentials: { ...fullUser('alice').credentials, passwordHash } }),
  ])
  assert.equal((await h.attempt('alice', `x${longest}`)).state, 'denied')
  assert.equal((await h.attempt('alice', longest)).state, 'granted')
})

test('a connection that starts a new conversation keeps its count: REIN and AUTH TLS give no new attempts', async () => {
  const h = createHarness([fullUser('alice')])
  const session = asSessionId('one-connection')
  const first = h.connect({ session, door: 'ftp', encrypted: false })
  await first.begin('alice')
  await first.begin('alice')
  const step = await h.attempt('alice', 'wrong', { session })
  assert.equal(step.state === 'denied' && step.disconnect, true)
  assert.equal((await h.connect({ session }).begin('alice')).state, 'denied')
  assert.equal((await h.attempt('alice', PASSWORD)).state, 'granted')
})
