// How a login ends: each way is one event in the audit, and a failure inside is no free try.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FileServerError } from '../../../src/core/errors.ts'
import type { StateStore } from '../../../src/core/ports.ts'
import { createMemoryStateStore } from '../../../src/state/memory.ts'
import { settle } from '../../helpers/fake-clock.ts'
import { codeAt, createHarness, fullUser, type Harness, PASSWORD, SETTINGS, SHOWN_KEY } from './harness.ts'

const mfa = fullUser('mfa', { chains: [['password', 'totp']] })
const alice = fullUser('alice')

/** A store of which some methods fail, as with a full disk, until `mended`. */
function failing(...methods: readonly (keyof StateStore)[]): { state: StateStore; mended: () => void } {
  const memory = createMemoryStateStore()
  let broken = true
  const entries = methods.map((method) => {
    const works = memory[method] as (...args: unknown[]) => Promise<unknown>
    const sometimes = async (...args: unknown[]) => {
      if (broken) throw new FileServerError('internal', 'The state file cannot be read or written.')
      return works(...args)
    }
    return [method, sometimes]
  })
  return {
    state: { ...memory, ...Object.fromEntries(entries) },
    mended: () => {
      broken = false
    },
  }
}

const endings = (h: Harness): unknown[] =>
  h.events.flatMap((event) =>
    event.type === 'login.denied' ? [event.reason] : event.type === 'login.granted' ? ['granted'] : [],
  )

test('a client that goes after the first factor is in the audit, once, and counts against nobody', async () => {
  const h = createHarness([mfa])
  const login = h.connect()
  await login.begin('mfa')
  await h.password(login, PASSWORD)
  login.leave()
  login.leave()
  assert.deepEqual(endings(h), ['factors-missing'])
  assert.equal(h.events.at(-1)?.user, 'mfa')
  assert.equal(await h.state.clearFailures('address:192.0.2.1'), false)
})

test('another name after the first factor leaves the old login half proven', async () => {
  const h = createHarness([mfa, alice])
  const login = h.connect()
  await login.begin('mfa')
  await h.password(login, PASSWORD)
  await login.begin('alice')
  assert.equal((await h.password(login, PASSWORD)).state, 'granted')
  login.leave()
  assert.deepEqual(endings(h), ['factors-missing', 'granted'])
  assert.deepEqual(
    h.events.filter(({ type }) => type === 'login.denied').map(({ user }) => user),
    ['mfa'],
  )
})

test('a login that was granted or refused is not half proven besides', async () => {
  const h = createHarness([mfa])
  const refused = h.connect()
  await refused.begin('mfa')
  await h.password(refused, PASSWORD)
  await h.code(refused, '000000')
  refused.leave()
  const named = h.connect()
  await named.begin('mfa')
  named.leave()
  const granted = h.connect()
  await granted.begin('mfa')
  await h.password(granted, PASSWORD + codeAt(h.clock.now()))
  granted.leave()
  assert.deepEqual(endings(h), ['wrong-code', 'granted'])
})

test('where failures cannot be counted a wrong password ends the tries of its connection, in its time', async () => {
  const { state, mended } = failing('recordFailure')
  const h = createHarness([alice, mfa], { state })
  for (const name of ['alice', 'mfa', 'nobody']) {
    h.events.length = 0
    const login = h.connect()
    await login.begin(name)
    let over = false
    const answer = login.offer({ factor: 'password', secret: 'wrong' }).finally(() => {
      over = true
    })
    answer.catch(() => {})
    while (h.clock.pending === 0 && !over) await settle()
    await h.clock.advance(SETTINGS.failureDelayMs - 1)
    assert.equal(over, false, name)
    await h.clock.advance(1)
    await assert.rejects(answer, { code: 'internal' })
    assert.deepEqual(endings(h), [name === 'nobody' ? 'unknown-user' : 'wrong-password'])
    const next = await login.begin(name)
    assert.ok(next.state === 'denied' && next.disconnect, name)
  }
  mended()
  assert.equal((await h.attempt('alice', PASSWORD)).state, 'granted')
})

test('a right password looks like a wrong one where the state cannot be written, and the audit has its end', async () => {
  const h = createHarness([alice], { state: failing('recordFailure', 'openSession').state })
  const started = h.clock.now()
  const login = h.connect()
  await login.begin('alice')
  await assert.rejects(h.password(login, PASSWORD), { code: 'internal' })
  assert.equal(h.clock.now() - started, SETTINGS.failureDelayMs)
  assert.deepEqual(endings(h), ['failed-inside'])
  assert.equal((await login.begin('alice')).state, 'denied')
  login.leave()
  assert.deepEqual(endings(h), ['failed-inside'])
})

test('a server that begins to stop while the files are opened refuses as one that stops', async () => {
  const h = createHarness([alice], {
    files: async (principal) => {
      h.sessions.endAll()
      return { principal } as never
    },
  })
  const step = await h.attempt('alice', PASSWORD)
  assert.deepEqual(step, { state: 'denied', code: 'session.draining', reason: 'draining', disconnect: true })
  assert.equal(await h.state.countSessions(alice.id), 0)
  assert.deepEqual(endings(h), ['draining'])
})

test('a key that was only shown is no half of a login', async () => {
  const h = createHarness([fullUser('alice', { chains: [['publickey', 'password']] })])
  const login = h.connect()
  login.leave()
  await login.begin('alice')
  assert.equal(await login.wouldAcceptKey(SHOWN_KEY), true)
  login.leave()
  assert.deepEqual(endings(h), [])
  await h.offer(login, { factor: 'publickey', ...SHOWN_KEY, signatureVerified: true })
  login.leave()
  assert.deepEqual(endings(h), ['factors-missing'])
})
