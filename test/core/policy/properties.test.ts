import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DOORS, FACTORS, type User } from '../../../src/core/identity.ts'
import { acceptsFactor, completedChain, nextFactors } from '../../../src/core/policy/chains.ts'
import type { Admission, Facts, PolicySettings } from '../../../src/core/policy/decide.ts'
import { createPolicy } from '../../../src/core/policy/policy.ts'
import { makeUser } from '../../helpers/memory-users.ts'
import { NOW } from './facts.ts'

const factors = fc.uniqueArray(fc.constantFrom(...FACTORS))
const chains = fc.array(factors, { maxLength: 3 })
const address = fc.constantFrom('192.0.2.1', '198.51.100.7', '2001:db8::1')
const moment = fc.constantFrom(0, NOW.getTime() - 1, NOW.getTime() + 60_000)
const likely = fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.boolean())
const day = fc.constantFrom(new Date('2030-06-14'), new Date('2030-06-15'), new Date('2030-06-16'))

const user: fc.Arbitrary<User> = fc
  .record({
    enabled: likely,
    anonymous: fc.boolean(),
    expires: fc.option(day, { nil: undefined }),
    doors: fc.uniqueArray(fc.constantFrom(...DOORS)).map((doors) => new Set(doors)),
    allow: fc.array(fc.constantFrom('192.0.2.0/24', '2001:db8::/32'), { maxLength: 2 }),
    chains,
    sunset: fc.option(
      day.map((plaintextUntil) => ({ plaintextUntil, owner: 'ops', reason: 'r' })),
      { nil: undefined },
    ),
  })
  .map((changes) => makeUser('alice', changes))

const facts: fc.Arbitrary<Facts> = fc.record({
  stage: fc.constantFrom('identify', 'grant'),
  origin: fc.record({
    door: fc.constantFrom(...DOORS),
    remoteIp: address,
    listener: fc.constantFrom('main', 'legacy'),
    host: fc.constantFrom('a.example', 'b.example'),
    encrypted: likely,
  }),
  addressLockedUntil: moment,
  user: fc.option(user, { nil: undefined, freq: 10 }),
  userLockedUntil: moment,
  proven: factors,
})

const settings = fc.record({
  allow: fc.constantFrom([], ['192.0.2.0/24', '2001:db8::/32']),
  deny: fc.constantFrom([], ['198.51.100.0/24']),
  cleartextListeners: fc.constantFrom(new Set<string>(), new Set(['legacy'])),
  anonymousListeners: fc.constantFrom(new Set<string>(), new Set(['legacy'])),
  admissions: fc.constantFrom(
    new Map<string, Admission>(),
    new Map([['main', { users: new Set(['alice']), hosts: new Map([['b.example', new Set(['bob'])]]) }]]),
    new Map([['main', { users: new Set(['bob']), hosts: new Map([['b.example', new Set<string>()]]) }]]),
  ),
})

const inBlocks = (ip: string): boolean => ip.startsWith('192.0.2.') || ip.startsWith('2001:db8:')

/** The rules once more, written another way: whatever is allowed must satisfy each. */
function mustHold(given: Facts, policy: PolicySettings): void {
  const { user: person, origin } = given
  const now = NOW.getTime()
  assert.ok(person?.enabled)
  assert.ok(person.expires === undefined || person.expires > NOW)
  assert.ok(person.doors.has(origin.door))
  assert.ok(given.addressLockedUntil <= now && (person.anonymous || given.userLockedUntil <= now))
  assert.ok(policy.allow.length === 0 || inBlocks(origin.remoteIp))
  assert.ok(policy.deny.length === 0 || origin.remoteIp !== '198.51.100.7')
  const own = person.allow.map((cidr) => cidr.slice(0, cidr.indexOf(cidr.includes(':') ? '::' : '.0/')))
  assert.ok(own.length === 0 || own.some((prefix) => origin.remoteIp.startsWith(prefix)))
  if (!origin.encrypted) {
    assert.equal(origin.listener, 'legacy')
    const excepted = person.sunset !== undefined && person.sunset.plaintextUntil.getTime() + 86_400_000 > now
    assert.ok(excepted || person.anonymous)
  }
  if (person.anonymous) {
    assert.ok(policy.anonymousListeners.has(origin.listener))
    return
  }
  const admission = policy.admissions.get(origin.listener)
  const ofHost = admission?.hosts.get(origin.host ?? '')
  const list = [...(ofHost !== undefined && ofHost.size > 0 ? ofHost : (admission?.users ?? []))]
  assert.ok(list.length === 0 || list.includes(person.name))
}

test('nothing is allowed unless every rule holds, and nothing granted without a whole chain', () => {
  let allowed = 0
  fc.assert(
    fc.property(facts, settings, (given, policy) => {
      const decision = createPolicy(policy).decide(given, NOW)
      if (!decision.allow) return
      allowed += 1
      mustHold(given, policy)
      if (given.stage === 'identify' || given.user?.anonymous === true) return
      const whole = given.user?.chains.some(
        (chain) => chain.length > 0 && chain.every((f) => given.proven.includes(f)),
      )
      assert.equal(whole, true)
    }),
    { numRuns: 3000 },
  )
  assert.ok(allowed > 20, `only ${allowed} allowed: the property says little`)
})

test('what is granted would have been let through at every earlier stage', () => {
  fc.assert(
    fc.property(facts, settings, (given, settingsOf) => {
      const policy = createPolicy(settingsOf)
      if (!policy.decide({ ...given, stage: 'grant' }, NOW).allow) return
      assert.equal(policy.decide({ ...given, stage: 'identify' }, NOW).allow, true)
      assert.equal(policy.decide({ ...given, stage: 'connection' }, NOW).allow, true)
    }),
    { numRuns: 2000 },
  )
})

test('the same facts give the same answer', () => {
  fc.assert(
    fc.property(facts, settings, (given, settingsOf) => {
      const policy = createPolicy(settingsOf)
      assert.deepEqual(policy.decide(given, NOW), policy.decide(given, NOW))
    }),
  )
})

test('next factors lead to a whole chain whenever one can be reached, and a code is never first', () => {
  fc.assert(
    fc.property(chains, (all) => {
      assert.equal(nextFactors(all, []).includes('totp'), false)
      assert.equal(acceptsFactor(all, [], 'totp'), false)
      assert.equal(acceptsFactor(all, ['totp'], 'totp'), false)
      let proven: readonly (typeof FACTORS)[number][] = []
      for (let next = nextFactors(all, proven); next.length > 0; next = nextFactors(all, proven)) {
        proven = [...proven, ...next]
      }
      const reachable = all.some((chain) => chain.some((factor) => factor !== 'totp'))
      assert.equal(completedChain(all, proven) !== undefined, reachable)
    }),
  )
})
