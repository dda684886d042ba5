import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { asSessionId, asUserId } from '../../src/core/identity.ts'
import type { LockRule, StateStore } from '../../src/core/ports.ts'

export type StateStoreMaker = (t: TestContext) => Promise<StateStore>

const ALICE = asUserId('alice')
const BOB = asUserId('bob')
const ACCOUNT = { user: ALICE, folders: '/home/alice' }
const RULE: LockRule = { after: 3, windowMs: 1000, lockMs: 5000 }
const NOW = Date.UTC(2030, 0, 1)
const NONE = { bytes: 0, files: 0 }

/** What every StateStore must do; each driver's test file runs it. */
export function stateStoreConformance(name: string, make: StateStoreMaker): void {
  const check = (title: string, body: (store: StateStore) => Promise<void>): void => {
    test(`${name}: ${title}`, async (t) => body(await make(t)))
  }
  failures(check)
  codes(check)
  sessions(check)
  quotas(check)
}

type Check = (title: string, body: (store: StateStore) => Promise<void>) => void

function failures(check: Check): void {
  check('failures inside the window add up to a lock, which ends', async (store) => {
    assert.deepEqual(await store.recordFailure('k', NOW, RULE), { failures: 1, lockedUntil: 0 })
    assert.deepEqual(await store.recordFailure('k', NOW + 1, RULE), { failures: 2, lockedUntil: 0 })
    assert.equal(await store.lockedUntil('k', NOW + 1), 0)
    assert.deepEqual(await store.recordFailure('k', NOW + 2, RULE), { failures: 3, lockedUntil: NOW + 5002 })
    assert.equal(await store.lockedUntil('k', NOW + 5001), NOW + 5002)
    assert.equal(await store.lockedUntil('k', NOW + 5002), 0)
    assert.equal(await store.lockedUntil('other', NOW + 3), 0)
  })
  check(
    'failures during a lock do not extend it and are told apart from the one that started it',
    async (store) => {
      for (const at of [0, 1, 2]) await store.recordFailure('k', NOW + at, RULE)
      assert.deepEqual(await store.recordFailure('k', NOW + 4000, RULE), {
        failures: 4,
        lockedUntil: NOW + 5002,
      })
      assert.equal(await store.lockedUntil('k', NOW + 5002), 0)
    },
  )
  check('after a lock the count starts anew', async (store) => {
    for (const at of [0, 1, 2]) await store.recordFailure('k', NOW + at, RULE)
    assert.deepEqual(await store.recordFailure('k', NOW + 5002, RULE), { failures: 1, lockedUntil: 0 })
  })
  check('a window that has passed is forgotten', async (store) => {
    await store.recordFailure('k', NOW, RULE)
    await store.recordFailure('k', NOW + 999, RULE)
    assert.deepEqual(await store.recordFailure('k', NOW + 1000, RULE), { failures: 1, lockedUntil: 0 })
  })
  check('a rule of one locks at once, a rule of 0 never', async (store) => {
    const once = await store.recordFailure('one', NOW, { ...RULE, after: 1 })
    assert.deepEqual(once, { failures: 1, lockedUntil: NOW + 5000 })
    for (let i = 0; i < 20; i += 1) await store.recordFailure('never', NOW, { ...RULE, after: 0 })
    assert.equal(await store.lockedUntil('never', NOW), 0)
  })
  check('clearing unlocks, and says whether there was something', async (store) => {
    for (const at of [0, 1, 2]) await store.recordFailure('k', NOW + at, RULE)
    assert.equal(await store.clearFailures('k'), true)
    assert.equal(await store.lockedUntil('k', NOW + 3), 0)
    assert.equal(await store.clearFailures('k'), false)
    assert.equal((await store.recordFailure('k', NOW + 4, RULE)).failures, 1)
  })
}

function codes(check: Check): void {
  check('a step is consumed once, and no step at or below it', async (store) => {
    assert.equal(await store.consumeTotpStep(ALICE, 100), true)
    assert.equal(await store.consumeTotpStep(ALICE, 100), false)
    assert.equal(await store.consumeTotpStep(ALICE, 99), false)
    assert.equal(await store.consumeTotpStep(BOB, 100), true)
    assert.equal(await store.consumeTotpStep(ALICE, 101), true)
  })
  check('of many at once exactly one consumes a step', async (store) => {
    const all = await Promise.all(Array.from({ length: 20 }, () => store.consumeTotpStep(ALICE, 7)))
    assert.equal(all.filter(Boolean).length, 1)
  })
}

function sessions(check: Check): void {
  check('the cap holds per user and closing frees a place', async (store) => {
    assert.equal(await store.openSession(ALICE, asSessionId('1'), 2), true)
    assert.equal(await store.openSession(ALICE, asSessionId('2'), 2), true)
    assert.equal(await store.openSession(ALICE, asSessionId('3'), 2), false)
    assert.equal(await store.openSession(BOB, asSessionId('4'), 2), true)
    assert.equal(await store.countSessions(ALICE), 2)
    await store.closeSession(asSessionId('1'))
    await store.closeSession(asSessionId('1'))
    assert.equal(await store.countSessions(ALICE), 1)
    assert.equal(await store.openSession(ALICE, asSessionId('3'), 2), true)
  })
  check('a cap of 0 is none; one session id holds one place', async (store) => {
    for (let i = 0; i < 50; i += 1) assert.equal(await store.openSession(ALICE, asSessionId(`${i}`), 0), true)
    assert.equal(await store.openSession(ALICE, asSessionId('0'), 0), false)
    assert.equal(await store.countSessions(ALICE), 50)
  })
}

function quotas(check: Check): void {
  check('usage is unknown until it is set, and set once', async (store) => {
    assert.equal(await store.quotaUsage(ACCOUNT), undefined)
    assert.deepEqual(await store.initQuotaUsage(ACCOUNT, { bytes: 10, files: 1 }), { bytes: 10, files: 1 })
    assert.deepEqual(await store.initQuotaUsage(ACCOUNT, { bytes: 99, files: 9 }), { bytes: 10, files: 1 })
    assert.deepEqual(await store.quotaUsage(ACCOUNT), { bytes: 10, files: 1 })
  })
  check('a count of other folders is none, and who goes on in those changes nothing', async (store) => {
    const elsewhere = { ...ACCOUNT, folders: '/elsewhere' }
    await store.initQuotaUsage(ACCOUNT, { bytes: 10, files: 1 })
    assert.equal(await store.quotaUsage(elsewhere), undefined)
    assert.deepEqual(await store.initQuotaUsage(elsewhere, { bytes: 99, files: 9 }), { bytes: 99, files: 9 })
    assert.equal(await store.chargeQuota(ACCOUNT, { bytes: 5, files: 1 }, { bytes: 1, files: 1 }), true)
    assert.equal(await store.quotaUsage(ACCOUNT), undefined)
    assert.deepEqual(await store.quotaUsage(elsewhere), { bytes: 99, files: 9 })
  })
  check('a fact is added whatever the limit, and to nothing while nothing is known', async (store) => {
    await store.settleQuota(ACCOUNT, { bytes: 5, files: 1 })
    assert.equal(await store.quotaUsage(ACCOUNT), undefined)
    await store.initQuotaUsage(ACCOUNT, { bytes: 10, files: 1 })
    await store.settleQuota(ACCOUNT, { bytes: 5, files: 1 })
    assert.deepEqual(await store.quotaUsage(ACCOUNT), { bytes: 15, files: 2 })
    await store.settleQuota(ACCOUNT, { bytes: -99, files: -1 })
    assert.deepEqual(await store.quotaUsage(ACCOUNT), { bytes: 0, files: 1 })
  })
  check('what is forgotten is unknown until it is set', async (store) => {
    await store.initQuotaUsage(ACCOUNT, { bytes: 10, files: 1 })
    await store.forgetQuota(ALICE)
    assert.equal(await store.chargeQuota(ACCOUNT, { bytes: 5, files: 1 }, NONE), true)
    assert.equal(await store.quotaUsage(ACCOUNT), undefined)
    assert.deepEqual(await store.initQuotaUsage(ACCOUNT, { bytes: 99, files: 9 }), { bytes: 99, files: 9 })
  })
  check('a charge over either maximum changes nothing', async (store) => {
    await store.initQuotaUsage(ACCOUNT, { bytes: 90, files: 1 })
    const max = { bytes: 100, files: 2 }
    assert.equal(await store.chargeQuota(ACCOUNT, { bytes: 11, files: 0 }, max), false)
    assert.equal(await store.chargeQuota(ACCOUNT, { bytes: 5, files: 2 }, max), false)
    assert.deepEqual(await store.quotaUsage(ACCOUNT), { bytes: 90, files: 1 })
    assert.equal(await store.chargeQuota(ACCOUNT, { bytes: 10, files: 1 }, max), true)
    assert.deepEqual(await store.quotaUsage(ACCOUNT), { bytes: 100, files: 2 })
  })
  check('what is over already may shrink, never below 0', async (store) => {
    await store.initQuotaUsage(ACCOUNT, { bytes: 500, files: 5 })
    const max = { bytes: 100, files: 1 }
    assert.equal(await store.chargeQuota(ACCOUNT, { bytes: -100, files: -1 }, max), true)
    assert.equal(await store.chargeQuota(ACCOUNT, { bytes: -10, files: 1 }, max), false)
    assert.equal(await store.chargeQuota(ACCOUNT, { bytes: -9999, files: -9999 }, max), true)
    assert.deepEqual(await store.quotaUsage(ACCOUNT), NONE)
  })
  check('sizes beyond 32 bits keep their value', async (store) => {
    const big = { bytes: 2 ** 50, files: 3 }
    await store.initQuotaUsage(ACCOUNT, NONE)
    assert.equal(await store.chargeQuota(ACCOUNT, big, NONE), true)
    assert.deepEqual(await store.quotaUsage(ACCOUNT), big)
  })
  check('any row of charges stays within the maximum', async (store) => {
    const delta = fc.record({
      bytes: fc.integer({ min: -50, max: 50 }),
      files: fc.integer({ min: -3, max: 3 }),
    })
    const max = { bytes: 100, files: 5 }
    await store.initQuotaUsage(ACCOUNT, NONE)
    await fc.assert(
      fc.asyncProperty(fc.array(delta, { maxLength: 20 }), async (deltas) => {
        for (const each of deltas) {
          await store.chargeQuota(ACCOUNT, each, max)
          const { bytes, files } = (await store.quotaUsage(ACCOUNT)) ?? NONE
          assert.ok(bytes >= 0 && bytes <= max.bytes && files >= 0 && files <= max.files)
        }
      }),
      { numRuns: 50 },
    )
  })
}
