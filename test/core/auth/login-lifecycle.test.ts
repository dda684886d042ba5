import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashArgon2 } from '../../../src/core/auth/argon2.ts'
import { createPasswordHasher } from '../../../src/core/auth/password.ts'
import { addressKey } from '../../../src/core/auth/throttle.ts'
import { FileServerError } from '../../../src/core/errors.ts'
import type { User } from '../../../src/core/identity.ts'
import type { StateStore } from '../../../src/core/ports.ts'
import { createMemoryStateStore } from '../../../src/state/memory.ts'
import { createFakeClock, settle } from '../../helpers/fake-clock.ts'
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

const OLD_COST = { memoryKiB: 16, passes: 1, parallelism: 1 }
const alice = fullUser('alice')

async function outdated(name: string, chains: User['chains'] = [['password']]): Promise<User> {
  const passwordHash = await hashArgon2(PASSWORD, OLD_COST)
  return fullUser(name, { chains, credentials: { ...alice.credentials, passwordHash } })
}

test('an outdated hash is replaced behind a good login, and the session lives on', async () => {
  const h = createHarness([await outdated('old')])
  const step = await h.attempt('old', PASSWORD)
  assert.ok(step.state === 'granted')
  await h.authenticator.close()
  const stored = (await h.users.find('old'))?.credentials.passwordHash
  assert.match(stored ?? '', /^\$argon2id\$v=19\$m=8,t=1,p=1\$/)
  assert.equal(h.events.at(-1)?.type, 'login.rehashed')
  assert.equal(step.session.ended, undefined)
  assert.equal((await h.attempt('old', PASSWORD)).state, 'granted')
})

test('the hash is replaced when the whole chain is proven, not before, and without the appended code', async () => {
  const h = createHarness([await outdated('old', [['password', 'totp']])])
  const login = h.connect()
  await login.begin('old')
  await h.password(login, PASSWORD)
  await h.authenticator.close()
  assert.equal(
    h.events.some((event) => event.type === 'login.rehashed'),
    false,
  )
  await h.attempt('old', PASSWORD + codeAt(h.clock.now()))
  await h.authenticator.close()
  assert.equal(h.events.at(-1)?.type, 'login.rehashed')
  assert.equal((await h.attempt('old', PASSWORD)).state, 'more')
})

test('a hash that was not stored is not called replaced', async () => {
  const h = createHarness([await outdated('old')])
  h.users.replacePasswordHash = async () => false
  assert.equal((await h.attempt('old', PASSWORD)).state, 'granted')
  await h.authenticator.close()
  assert.equal(h.events.at(-1)?.type, 'login.granted')
})

test('a hash that cannot be stored is an audit event, not a failed login', async () => {
  const h = createHarness([await outdated('old')])
  h.users.replacePasswordHash = async () => {
    throw new FileServerError('storage.full')
  }
  assert.equal((await h.attempt('old', PASSWORD)).state, 'granted')
  await h.authenticator.close()
  const last = h.events.at(-1)
  assert.ok(last?.type === 'session.error' && last.code === 'storage.full')
})

const CHANGES: readonly (readonly [string, string, Partial<User> | undefined])[] = [
  ['disabled', 'user-disabled', { enabled: false }],
  ['removed', 'unknown-user', undefined],
  ['bound to another address', 'address-not-allowed-for-user', { allow: ['127.0.0.2'] }],
  ['shut out of the door', 'door-not-allowed', { doors: new Set() }],
]

for (const [what, reason, changes] of CHANGES) {
  test(`a user ${what} between begin and offer is refused`, async () => {
    const h = createHarness([alice])
    const login = h.connect()
    await login.begin('alice')
    if (changes === undefined) h.users.remove('alice')
    else h.users.put({ ...alice, ...changes })
    const step = await h.password(login, PASSWORD)
    assert.equal(step.state === 'denied' && step.reason, reason)
  })

  test(`a user ${what} while the password is computed is refused`, async () => {
    const h = createHarness([alice])
    const verify = h.hasher.verify
    h.hasher.verify = async (...args) => {
      const good = await verify(...args)
      if (changes === undefined) h.users.remove('alice')
      else h.users.put({ ...alice, ...changes })
      return good
    }
    const step = await h.attempt('alice', PASSWORD)
    assert.equal(step.state === 'denied' && step.reason, reason)
    assert.equal(h.sessions.count, 0)
  })
}

test('a key that is removed after it was proven is no factor any more', async () => {
  const chains: User['chains'] = [['publickey', 'password']]
  const h = createHarness([fullUser('alice', { chains })])
  const login = h.connect()
  await login.begin('alice')
  await h.offer(login, { factor: 'publickey', ...SHOWN_KEY, signatureVerified: true })
  h.users.put(fullUser('alice', { chains, credentials: { ...alice.credentials, keys: [] } }))
  assert.deepEqual(await h.password(login, PASSWORD), { state: 'more', next: ['publickey'], partial: true })
})

test('a chain made stricter meanwhile is the one that counts', async () => {
  const h = createHarness([alice])
  const login = h.connect()
  await login.begin('alice')
  h.users.put({ ...alice, chains: [['password', 'totp']] })
  assert.deepEqual(await h.password(login, PASSWORD), { state: 'more', next: ['totp'], partial: true })
})

test('a user disabled while the files open gets a session that has ended', async () => {
  const harness = createHarness([alice], {
    files: async (principal) => {
      harness.users.put({ ...alice, enabled: false })
      return { principal } as never
    },
  })
  const step = await harness.attempt('alice', PASSWORD)
  await settle()
  assert.ok(step.state === 'granted' && step.session.ended !== undefined)
})

test('when the files cannot be opened the caller learns it and the place in the cap is free', async () => {
  const h = createHarness([alice], {
    files: async () => {
      throw new FileServerError('storage.failed')
    },
  })
  await assert.rejects(h.attempt('alice', PASSWORD), { code: 'storage.failed' })
  assert.equal(await h.state.countSessions(alice.id), 0)
  assert.equal(h.sessions.count, 0)
})

test('when the state store fails nobody is let in', async () => {
  const broken = (method: keyof StateStore): StateStore => ({
    ...createMemoryStateStore(),
    [method]: async () => {
      throw new FileServerError('internal')
    },
  })
  for (const method of ['lockedUntil', 'openSession', 'consumeTotpStep'] as const) {
    const h = createHarness([fullUser('mfa', { chains: [['password', 'totp']] })], { state: broken(method) })
    await assert.rejects(h.attempt('mfa', PASSWORD + codeAt(h.clock.now())), { code: 'internal' }, method)
    assert.equal(h.sessions.count, 0)
  }
})

test('calls that overlap, or offer before a name, are the adapter’s fault and throw', async () => {
  const h = createHarness([alice])
  const login = h.connect()
  await assert.rejects(login.offer({ factor: 'totp', code: '1' }), { code: 'protocol.sequence' })
  await login.begin('alice')
  const first = login.offer({ factor: 'password', secret: PASSWORD })
  await assert.rejects(login.offer({ factor: 'password', secret: PASSWORD }), { code: 'internal' })
  await assert.rejects(login.begin('alice'), { code: 'internal' })
  await assert.rejects(login.wouldAcceptKey(SHOWN_KEY), { code: 'internal' })
  assert.equal((await first).state, 'granted')
  await assert.rejects(login.offer({ factor: 'password', secret: PASSWORD }), { code: 'protocol.sequence' })
})

test('an overloaded queue refuses like a wrong password and locks nobody', async () => {
  const h = createHarness([alice])
  const queue = { concurrent: 1, waiting: 0 }
  const full = createPasswordHasher({ argon2: CHEAP, queue, cacheMs: 0 }, [], createFakeClock())
  void full.hash('other', 'x')
  h.hasher.verify = full.verify
  const step = await h.attempt('alice', PASSWORD)
  assert.deepEqual(step, { state: 'denied', code: 'auth.failed', reason: 'overloaded', disconnect: false })
  assert.equal(await h.state.clearFailures('address:192.0.2.1'), false)
})

test('a stopping server grants nothing and leaves the code unspent', async () => {
  const h = createHarness([fullUser('mfa', { chains: [['password', 'totp']] })])
  h.sessions.endAll()
  const step = await h.attempt('mfa', PASSWORD + codeAt(h.clock.now()))
  assert.deepEqual(step, { state: 'denied', code: 'session.draining', reason: 'draining', disconnect: true })
  assert.equal(await h.state.consumeTotpStep(alice.id, stepStart(h.clock.now())), true)
})

test('a password or a secret that is removed after it was proven is no factor any more', async () => {
  const chains: User['chains'] = [['password', 'totp', 'publickey']]
  const all = fullUser('alice', { chains })
  const key = { factor: 'publickey', ...SHOWN_KEY, signatureVerified: true } as const
  for (const gone of ['passwordHash', 'totp'] as const) {
    const h = createHarness([all])
    const login = h.connect()
    await login.begin('alice')
    await h.password(login, PASSWORD)
    await h.code(login, codeAt(h.clock.now()))
    h.users.put({ ...all, credentials: { ...all.credentials, [gone]: undefined } })
    const next = gone === 'totp' ? ['totp'] : ['password']
    assert.deepEqual(await h.offer(login, key), { state: 'more', next, partial: true })
  }
})

test('a password or a secret that is replaced after it was proven is no factor any more', async () => {
  const chains: User['chains'] = [['password', 'totp', 'publickey']]
  const all = fullUser('alice', { chains })
  const key = { factor: 'publickey', ...SHOWN_KEY, signatureVerified: true } as const
  const renewed: readonly (readonly [string, Partial<User['credentials']>])[] = [
    ['password', { passwordHash: await hashArgon2('another', CHEAP) }],
    ['totp', { totp: { ...TOTP_CREDENTIAL, secret: new Uint8Array(20) } }],
  ]
  for (const [factor, credentials] of renewed) {
    const h = createHarness([all])
    const login = h.connect()
    await login.begin('alice')
    await h.password(login, PASSWORD)
    await h.code(login, codeAt(h.clock.now()))
    h.users.put({ ...all, credentials: { ...all.credentials, ...credentials } })
    assert.deepEqual(await h.offer(login, key), { state: 'more', next: [factor], partial: true })
    assert.equal(h.sessions.count, 0)
  }
})

test('a password that is replaced while its hash is computed lets nobody in', async () => {
  const h = createHarness([alice])
  const passwordHash = await hashArgon2('another', CHEAP)
  const verify = h.hasher.verify
  h.hasher.verify = async (...args) => {
    const good = await verify(...args)
    h.users.put({ ...alice, credentials: { ...alice.credentials, passwordHash } })
    return good
  }
  assert.notEqual((await h.attempt('alice', PASSWORD)).state, 'granted')
  assert.equal(h.sessions.count, 0)
})

test('a login that is half proven goes on when another one has its hash replaced', async () => {
  const h = createHarness([await outdated('old', [['password', 'totp']])])
  const login = h.connect()
  await login.begin('old')
  assert.equal((await h.password(login, PASSWORD)).state, 'more')
  assert.equal((await h.attempt('old', PASSWORD + codeAt(h.clock.now()))).state, 'granted')
  await h.authenticator.close()
  assert.equal(h.events.at(-1)?.type, 'login.rehashed')
  await h.clock.advance(30_000)
  assert.equal((await h.code(login, codeAt(h.clock.now()))).state, 'granted')
})

test('refusals that are nobody’s guessing count against nobody', async () => {
  const h = createHarness([fullUser('full', { limits: { maxSessions: 1, quotaBytes: 0, quotaFiles: 0 } })])
  await h.attempt('full', PASSWORD)
  await h.attempt('full', PASSWORD)
  await h.connect({ door: 'ftp', encrypted: false }).begin('full')
  assert.deepEqual(h.denials(), ['too-many-sessions', 'encryption-required'])
  assert.equal(await h.state.clearFailures(addressKey('192.0.2.1')), false)
})

test('logins at once of one user make one new hash', async () => {
  const h = createHarness([await outdated('old')])
  const hash = h.hasher.hash
  let hashes = 0
  h.hasher.hash = (...args) => {
    hashes += 1
    return hash(...args)
  }
  const steps = await Promise.all([1, 2, 3].map(() => h.attempt('old', PASSWORD)))
  await h.authenticator.close()
  assert.ok(steps.every((step) => step.state === 'granted'))
  assert.equal(hashes, 1)
})

test('what is remembered of a user is dropped when the record changes, until the authenticator closes', async () => {
  const h = createHarness([alice])
  const dropped: string[] = []
  h.hasher.forget = (users) => void dropped.push(...users)
  h.users.put(alice)
  assert.deepEqual(dropped, ['alice'])
  await h.authenticator.close()
  h.users.put(alice)
  assert.deepEqual(dropped, ['alice'])
})
