import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  decoyArgon2,
  hashArgon2,
  isArgon2,
  needsArgon2Rehash,
  verifyArgon2,
} from '../../../src/core/auth/argon2.ts'
import { isOverload } from '../../../src/core/auth/fair-queue.ts'
import {
  createPasswordHasher,
  type PasswordHasher,
  type PasswordSettings,
} from '../../../src/core/auth/password.ts'
import { asUserId } from '../../../src/core/identity.ts'
import type { ForeignHash } from '../../../src/core/ports.ts'
import { createFakeClock, type FakeClock } from '../../helpers/fake-clock.ts'
import { CHEAP, PASSWORD, PASSWORD_HASH } from './harness.ts'

const ALICE = asUserId('alice')
const claim = (stored: string | undefined) => ({ user: ALICE, stored, party: 'p' })

/** Counts how often it is asked, and knows hashes such as `plain:secret`. */
function plainHash(): ForeignHash & { asked: number } {
  const hash = {
    asked: 0,
    matches: (stored: string) => stored.startsWith('plain:'),
    verify: async (stored: string, secret: string) => {
      hash.asked += 1
      return stored === `plain:${secret}`
    },
  }
  return hash
}

function make(changes: Partial<PasswordSettings> = {}): {
  hasher: PasswordHasher
  clock: FakeClock
  foreign: ReturnType<typeof plainHash>
} {
  const clock = createFakeClock()
  const foreign = plainHash()
  const settings = { argon2: CHEAP, queue: { concurrent: 2, waiting: 8 }, cacheMs: 0, ...changes }
  return { hasher: createPasswordHasher(settings, [foreign], clock), clock, foreign }
}

test('a hash made elsewhere verifies: the reference implementation of argon2id', async () => {
  // `printf password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32 -e`, from the reference implementation's own tests.
  const known = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  assert.equal(await verifyArgon2(known, 'password'), true)
  assert.equal(await verifyArgon2(known, 'passwore'), false)
})

test('a new hash is a PHC string with its own salt, and verifies', async () => {
  const [one, two] = [await hashArgon2('grün ✓', CHEAP), await hashArgon2('grün ✓', CHEAP)]
  assert.match(one, /^\$argon2id\$v=19\$m=8,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  assert.notEqual(one, two)
  assert.equal(await verifyArgon2(one, 'grün ✓'), true)
  assert.equal(await verifyArgon2(one, 'grün'), false)
})

test('what is no sound argon2id hash matches nothing', async () => {
  const [, , , , salt = '', tag = ''] = PASSWORD_HASH.split('$')
  const bad = [
    '',
    'secret',
    PASSWORD_HASH.replace('argon2id', 'argon2i'),
    PASSWORD_HASH.replace('v=19', 'v=16'),
    PASSWORD_HASH.replace('m=8', 'm=7'),
    PASSWORD_HASH.replace('m=8', 'm=999999999'),
    PASSWORD_HASH.replace('t=1', 't=0'),
    PASSWORD_HASH.replace('t=1', 't=9999'),
    PASSWORD_HASH.replace('p=1', 'p=0'),
    PASSWORD_HASH.replace('p=1', 'p=17'),
    `${PASSWORD_HASH}\n`,
    `$argon2id$v=19$m=8,t=1,p=1$${salt}$`,
    `$argon2id$v=19$m=8,t=1,p=1$$${tag}`,
  ]
  for (const text of bad) {
    assert.equal(isArgon2(text), false, text)
    assert.equal(await verifyArgon2(text, PASSWORD), false, text)
  }
})

test('a decoy looks like a real hash of the same cost', async () => {
  const decoy = decoyArgon2(CHEAP)
  assert.equal(isArgon2(decoy), true)
  assert.equal(needsArgon2Rehash(decoy, CHEAP), false)
  assert.equal(decoy.length, PASSWORD_HASH.length)
})

test('hashes of other families are verified by their own, and are due for replacement', async () => {
  const { hasher, foreign } = make()
  assert.equal(await hasher.verify(claim('plain:x'), 'x'), true)
  assert.equal(await hasher.verify(claim('plain:x'), 'y'), false)
  assert.equal(foreign.asked, 2)
  assert.equal(hasher.needsRehash('plain:x'), true)
  assert.equal(hasher.needsRehash(PASSWORD_HASH), false)
  for (const changed of [{ memoryKiB: 9 }, { passes: 2 }, { parallelism: 2 }]) {
    assert.equal(make({ argon2: { ...CHEAP, ...changed } }).hasher.needsRehash(PASSWORD_HASH), true)
  }
})

test('nobody and no password never match', async () => {
  const { hasher } = make()
  assert.equal(await hasher.verify({ user: undefined, stored: undefined, party: 'p' }, PASSWORD), false)
  assert.equal(await hasher.verify({ user: undefined, stored: PASSWORD_HASH, party: 'p' }, PASSWORD), false)
  assert.equal(await hasher.verify(claim(undefined), ''), false)
  assert.equal(await hasher.verify(claim('unknown-family'), 'unknown-family'), false)
})

test('a success is remembered for its time, a failure never', async () => {
  const { hasher, clock, foreign } = make({ cacheMs: 60_000 })
  await hasher.verify(claim('plain:x'), 'y')
  await hasher.verify(claim('plain:x'), 'y')
  assert.equal(foreign.asked, 2)
  await hasher.verify(claim('plain:x'), 'x')
  await clock.advance(59_999)
  assert.equal(await hasher.verify(claim('plain:x'), 'x'), true)
  assert.equal(foreign.asked, 3)
  assert.equal(await hasher.verify(claim('plain:x'), 'y'), false)
  await clock.advance(1)
  assert.equal(await hasher.verify(claim('plain:x'), 'x'), true)
  assert.equal(foreign.asked, 5)
})

test('of logins at once the first pays, and a wrong password among them pays for itself', async () => {
  const { hasher, foreign } = make({ cacheMs: 60_000, queue: { concurrent: 1, waiting: 8 } })
  const secrets = ['x', 'x', 'y', 'x']
  const answers = await Promise.all(secrets.map((secret) => hasher.verify(claim('plain:x'), secret)))
  assert.deepEqual(answers, [true, true, false, true])
  assert.equal(foreign.asked, 2)
  await Promise.all([1, 2].map(() => hasher.verifyAfresh(claim('plain:x'), 'x')))
  assert.equal(foreign.asked, 4)
})

test('what is remembered is of one user and one stored hash, and is dropped on request', async () => {
  const { hasher, foreign } = make({ cacheMs: 60_000 })
  await hasher.verify(claim('plain:x'), 'x')
  await hasher.verify({ ...claim('plain:x'), user: asUserId('bob') }, 'x')
  assert.equal(foreign.asked, 2)
  assert.equal(await hasher.verify(claim('plain:new'), 'x'), false)
  assert.equal(foreign.asked, 3)
  hasher.forget([ALICE])
  await hasher.verify(claim('plain:x'), 'x')
  assert.equal(foreign.asked, 4)
  await hasher.verifyAfresh(claim('plain:x'), 'x')
  assert.equal(foreign.asked, 5)
})

test('nothing is remembered where the setting is 0', async () => {
  const { hasher, foreign } = make()
  await hasher.verify(claim('plain:x'), 'x')
  await hasher.verify(claim('plain:x'), 'x')
  assert.equal(foreign.asked, 2)
})

test('decoys wait in the same queue as real checks', async () => {
  const { hasher } = make({ queue: { concurrent: 1, waiting: 0 } })
  const running = hasher.verify({ user: undefined, stored: undefined, party: 'p' }, 'x')
  await assert.rejects(hasher.verify(claim(PASSWORD_HASH), PASSWORD), (error) => isOverload(error))
  await running
  assert.equal(await hasher.verify(claim(PASSWORD_HASH), PASSWORD), true)
})

test('what is remembered is bounded: the oldest goes first', async () => {
  const { hasher, foreign } = make({ cacheMs: 60_000 })
  for (let i = 0; i <= 4096; i += 1) await hasher.verify(claim(`plain:${i}`), `${i}`)
  const asked = foreign.asked
  await hasher.verify(claim('plain:1'), '1')
  assert.equal(foreign.asked, asked)
  await hasher.verify(claim('plain:0'), '0')
  assert.equal(foreign.asked, asked + 1)
})
