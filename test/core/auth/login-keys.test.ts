import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Proof } from '../../../src/core/auth/login.ts'
import { createMemoryStateStore } from '../../../src/state/memory.ts'
import { createMemoryUsers, makeKey } from '../../helpers/memory-users.ts'
import { createHarness, FINGERPRINT, fullUser, PASSWORD, SHOWN_KEY } from './harness.ts'

const alice = fullUser('alice', { chains: [['publickey']] })
const SSH = { door: 'sftp' } as const

/** What a shown or used key makes the core ask of state and users, and how long the answer takes. */
async function costOf(name: string, fingerprint: string) {
  const asked: string[] = []
  const noting = <T extends object>(what: T): T =>
    new Proxy(what, {
      get(target, key) {
        asked.push(String(key))
        return Reflect.get(target, key)
      },
    })
  const state = noting(createMemoryStateStore())
  const users = noting(createMemoryUsers([alice, fullUser('gone', { enabled: false })]))
  const h = createHarness([], { state, users })
  const login = h.connect(SSH)
  await login.begin(name)
  asked.length = 0
  const shown = { ...SHOWN_KEY, fingerprint }
  assert.equal(await login.wouldAcceptKey(shown), false)
  const probe = [...asked]
  asked.length = 0
  const started = h.clock.monotonic()
  const step = await h.offer(login, { factor: 'publickey', ...shown, signatureVerified: true })
  return { probe, offer: [...asked], took: h.clock.monotonic() - started, state: step.state }
}

test('a key costs the same for every name that it does not open', async () => {
  const known = await costOf('alice', 'SHA256:other')
  assert.ok(known.probe.length > 0 && known.offer.length > 0)
  assert.equal(known.took, 1000)
  for (const name of ['nobody', 'gone', 'x'.repeat(300)]) {
    const fingerprint = name === 'gone' ? FINGERPRINT : 'SHA256:other'
    const { probe, ...rest } = await costOf(name, fingerprint)
    // A name that is too long to be anybody's is not looked up: its length is the client's own knowledge.
    if (name.length < 300) assert.deepEqual({ probe, ...rest }, known, name)
    assert.equal(rest.took, known.took)
    assert.equal(rest.state, 'denied')
  }
})

test('a key that was only shown is no failure; one that was used is, with what the audit has to know', async () => {
  const h = createHarness([alice])
  const login = h.connect(SSH)
  await login.begin('alice')
  const certificate = {
    authority: 'SHA256:ca',
    authorityBlob: new Uint8Array(),
    keyId: 'x'.repeat(1000),
    serial: 2n ** 64n - 1n,
    principals: ['alice'],
    validFrom: 0,
    validUntil: Number.POSITIVE_INFINITY,
    sourceAddresses: undefined,
    verifyRequired: false,
  }
  const proof: Proof = { factor: 'publickey', ...SHOWN_KEY, certificate, signatureVerified: true }
  for (let i = 0; i < 10; i += 1) assert.equal(await login.wouldAcceptKey(proof), false)
  assert.equal(h.denials().length, 0)
  await h.offer(login, proof)
  const event = h.events.at(-1)
  assert.ok(event?.type === 'login.denied')
  assert.equal(event.reason, 'unknown-authority')
  assert.equal(event.authority, 'SHA256:ca')
  assert.equal(event.serial, '18446744073709551615')
  assert.equal(event.keyId?.length, 256)
})

test('a key that is revoked, or has expired, before the chain is whole does not count', async () => {
  const chains = [['publickey', 'password']] as const
  for (const change of ['none', 'revoked', 'expired'] as const) {
    let revoked = false
    const expires = new Date(Date.UTC(2030, 0, 15, 12, 0, 30))
    const keys = [makeKey(FINGERPRINT, { expires })]
    const user = fullUser('alice', { chains, credentials: { ...alice.credentials, keys } })
    const h = createHarness([user], { keyTrust: { trusts: () => false, isRevoked: () => revoked } })
    const login = h.connect(SSH)
    await login.begin('alice')
    const first = await h.offer(login, { factor: 'publickey', ...SHOWN_KEY, signatureVerified: true })
    assert.ok(first.state === 'more' && first.partial)
    if (change === 'revoked') revoked = true
    if (change === 'expired') await h.clock.advance(30_000)
    const second = await h.password(login, PASSWORD)
    assert.equal(second.state, change === 'none' ? 'granted' : 'more', change)
  }
})
