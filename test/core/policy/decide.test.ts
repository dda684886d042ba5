import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FileServerError } from '../../../src/core/errors.ts'
import type { User } from '../../../src/core/identity.ts'
import type { DenyReason, Facts, PolicySettings } from '../../../src/core/policy/decide.ts'
import { createPolicy } from '../../../src/core/policy/policy.ts'
import { OPEN_POLICY } from '../../helpers/policy-settings.ts'
import { goodFacts, NOW } from './facts.ts'

const OPEN: PolicySettings = OPEN_POLICY
const LATER = NOW.getTime() + 1
const CLEAR = { door: 'ftp', remoteIp: '192.0.2.1', listener: 'legacy', encrypted: false } as const
const LEGACY: PolicySettings = { ...OPEN, cleartextListeners: new Set(['legacy']) }
const until = (text: string): User['sunset'] => ({
  plaintextUntil: new Date(text),
  owner: 'ops',
  reason: 'old scanner',
})

type Case = Readonly<{
  title: string
  /** Undefined: allowed. */
  reason?: DenyReason
  settings?: PolicySettings
  facts?: Partial<Facts>
  user?: Partial<User>
}>

const CASES: readonly Case[] = [
  { title: 'a plain good login' },
  {
    title: 'an address on the deny list',
    reason: 'address-denied',
    settings: { ...OPEN, deny: ['192.0.2.0/24'] },
  },
  { title: 'an address beside the deny list', settings: { ...OPEN, deny: ['198.51.100.0/24'] } },
  {
    title: 'an address off the allow list',
    reason: 'address-denied',
    settings: { ...OPEN, allow: ['198.51.100.0/24'] },
  },
  { title: 'an address on the allow list', settings: { ...OPEN, allow: ['192.0.2.1'] } },
  {
    title: 'an address on both lists',
    reason: 'address-denied',
    settings: { ...OPEN, allow: ['192.0.2.1'], deny: ['192.0.2.1'] },
  },
  { title: 'a locked address', reason: 'address-locked', facts: { addressLockedUntil: LATER } },
  { title: 'an address whose lock ends now', facts: { addressLockedUntil: NOW.getTime() } },
  { title: 'an unknown name', reason: 'unknown-user', facts: { user: undefined } },
  { title: 'a disabled user', reason: 'user-disabled', user: { enabled: false } },
  { title: 'a user who expires now', reason: 'user-expired', user: { expires: NOW } },
  { title: 'a user who expires in a moment', user: { expires: new Date(LATER) } },
  { title: 'an unreadable expiry', reason: 'user-expired', user: { expires: new Date(Number.NaN) } },
  { title: 'a locked user', reason: 'user-locked', facts: { userLockedUntil: LATER } },
  { title: 'a lock that ends now', facts: { userLockedUntil: NOW.getTime() } },
  { title: 'the wrong door', reason: 'door-not-allowed', user: { doors: new Set(['sftp']) } },
  { title: 'no door at all', reason: 'door-not-allowed', user: { doors: new Set() } },
  {
    title: "an address off the user's list",
    reason: 'address-not-allowed-for-user',
    user: { allow: ['127.0.0.2'] },
  },
  { title: "an address on the user's list", user: { allow: ['127.0.0.2', '192.0.2.0/24'] } },
  {
    title: "an unreadable entry in the user's list, even beside a match",
    reason: 'address-not-allowed-for-user',
    user: { allow: ['192.0.2.1', 'typo'] },
  },
  { title: 'nothing proven', reason: 'factors-missing', facts: { proven: [] } },
  { title: 'half a chain', reason: 'factors-missing', user: { chains: [['password', 'totp']] } },
  { title: 'the factors of another chain', reason: 'factors-missing', user: { chains: [['publickey']] } },
  {
    title: 'halves of two chains',
    reason: 'factors-missing',
    facts: { proven: ['password', 'publickey'] },
    user: {
      chains: [
        ['password', 'totp'],
        ['publickey', 'client-cert'],
      ],
    },
  },
  { title: 'a whole chain among others', user: { chains: [['publickey', 'totp'], ['password']] } },
  {
    title: 'factors in another order',
    facts: { proven: ['totp', 'password'] },
    user: { chains: [['password', 'totp']] },
  },
  { title: 'no chains', reason: 'factors-missing', user: { chains: [] } },
  { title: 'an empty chain', reason: 'factors-missing', facts: { proven: [] }, user: { chains: [[]] } },
  {
    title: 'cleartext on a listener that takes none',
    reason: 'encryption-required',
    facts: { origin: CLEAR },
  },
  {
    title: 'cleartext with an exception on a listener that takes none',
    reason: 'encryption-required',
    facts: { origin: CLEAR },
    user: { sunset: until('2031-01-01') },
  },
  {
    title: 'cleartext without an exception on a listener that takes some',
    reason: 'encryption-required',
    settings: LEGACY,
    facts: { origin: CLEAR },
  },
  {
    title: 'cleartext by nobody',
    reason: 'encryption-required',
    settings: LEGACY,
    facts: { origin: CLEAR, user: undefined },
  },
  {
    title: 'cleartext on the last day of the exception',
    settings: LEGACY,
    facts: { origin: CLEAR },
    user: { sunset: until('2030-06-15') },
  },
  {
    title: 'cleartext on the day after',
    reason: 'encryption-required',
    settings: LEGACY,
    facts: { origin: CLEAR },
    user: { sunset: until('2030-06-14T23:59:59Z') },
  },
  {
    title: 'an unreadable exception',
    reason: 'encryption-required',
    settings: LEGACY,
    facts: { origin: CLEAR },
    user: { sunset: until('never') },
  },
  {
    title: 'an encrypted login after the exception',
    settings: LEGACY,
    user: { sunset: until('2020-01-01') },
  },
]

for (const { title, reason, settings = OPEN, facts, user } of CASES) {
  test(`${title} is ${reason === undefined ? 'allowed' : `denied: ${reason}`}`, () => {
    const decision = createPolicy(settings).decide(goodFacts(facts, user), NOW)
    assert.equal(decision.allow ? undefined : decision.reason, reason)
  })
}

test('the exception ends with its day in UTC, not with local time', () => {
  const facts = goodFacts({ origin: CLEAR }, { sunset: until('2030-06-15') })
  const policy = createPolicy(LEGACY)
  assert.equal(policy.decide(facts, new Date('2030-06-15T23:59:59.999Z')).allow, true)
  assert.equal(policy.decide(facts, new Date('2030-06-16T00:00:00.000Z')).allow, false)
})

test('a connection is asked about addresses only', () => {
  const facts = goodFacts({ stage: 'connection', user: undefined, proven: [], origin: { ...CLEAR } })
  const decision = createPolicy(OPEN).decide(facts, NOW)
  assert.equal(decision.allow, true)
  assert.deepEqual(
    decision.trail.map((row) => row.rule),
    ['deny-list', 'allow-list', 'address-lock'],
  )
})

test('identify asks all but the factors, grant asks everything again', () => {
  const rules = (stage: Facts['stage']): string[] =>
    createPolicy(OPEN)
      .decide(goodFacts({ stage }), NOW)
      .trail.map((row) => row.rule)
  assert.deepEqual(rules('identify'), [
    'encryption',
    'deny-list',
    'allow-list',
    'address-lock',
    'user-known',
    'user-enabled',
    'user-expiry',
    'user-lock',
    'door',
    'listener',
    'user-allow-list',
  ])
  assert.deepEqual(rules('grant'), [...rules('identify'), 'factors'])
})

test('the first denial ends the trail and is its last row; every row is a sentence', () => {
  const decision = createPolicy(OPEN).decide(goodFacts({ userLockedUntil: LATER }, { enabled: false }), NOW)
  assert.ok(!decision.allow)
  assert.equal(decision.rule, 'user-enabled')
  assert.deepEqual(decision.trail.at(-1), {
    rule: 'user-enabled',
    verdict: 'deny',
    why: 'The account is disabled.',
  })
  for (const row of decision.trail) assert.match(row.why, /^[A-Z0-9].*[.]$/)
})

test('settings with an unreadable block are refused when the policy is made', () => {
  assert.throws(() => createPolicy({ ...OPEN, deny: ['10.0.0.0/40'] }), FileServerError)
})
