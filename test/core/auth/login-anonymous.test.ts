import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeUser } from '../../helpers/memory-users.ts'
import { createHarness, fullUser, SHOWN_KEY } from './harness.ts'

const anonymous = makeUser('anonymous', { anonymous: true })
const policy = { anonymousListeners: new Set(['files']) }

test('both names and any password log in as anonymous, with nothing proven and nothing hashed', async () => {
  const h = createHarness([anonymous], { policy })
  for (const name of ['anonymous', 'ftp']) {
    for (const secret of ['guest@example.org', '', 'x'.repeat(5000)]) {
      const step = await h.attempt(name, secret, { listener: 'files' })
      assert.ok(step.state === 'granted')
      assert.equal(step.session.principal.name, 'anonymous')
      assert.deepEqual(step.session.principal.factors, [])
    }
  }
  assert.equal(h.hasher.checks, 0)
  assert.ok(!JSON.stringify(h.events).includes('guest@example.org'))
  assert.ok(h.events.every((event) => event.type !== 'login.factor-ok'))
  const granted = h.events.filter((event) => event.type === 'login.granted')
  assert.deepEqual(new Set(granted.map(({ user }) => user)), new Set(['anonymous']))
})

test('elsewhere the names are like any that nobody has', async () => {
  const h = createHarness([anonymous], { policy })
  for (const name of ['anonymous', 'ftp', 'nobody']) {
    const login = h.connect({ listener: 'main' })
    assert.deepEqual(await login.begin(name), {
      state: 'more',
      next: ['password', 'publickey'],
      partial: false,
    })
    const before = h.hasher.checks
    const step = await h.password(login, 'guest@example.org')
    assert.deepEqual([step.state, step.state === 'denied' && step.code], ['denied', 'auth.failed'])
    assert.equal(h.hasher.checks - before, 1)
  }
  assert.deepEqual(h.denials(), ['listener-not-allowed', 'listener-not-allowed', 'unknown-user'])
})

test('a user who is called ftp comes before the alias', async () => {
  const h = createHarness([anonymous, fullUser('ftp')], { policy })
  const step = await h.attempt('ftp', 'wrong', { listener: 'files' })
  assert.equal(step.state, 'denied')
})

test('ftp is no alias of a user anonymous who is not anonymous', async () => {
  const h = createHarness([fullUser('anonymous')], { policy })
  const step = await h.attempt('ftp', 'anything', { listener: 'files' })
  assert.deepEqual([step.state, h.denials()], ['denied', ['unknown-user']])
})

test('other proofs get an anonymous user nowhere', async () => {
  const h = createHarness([anonymous], { policy })
  const login = h.connect({ listener: 'files' })
  await login.begin('anonymous')
  assert.equal((await h.code(login, '123456')).state, 'denied')
  assert.equal(await login.wouldAcceptKey(SHOWN_KEY), false)
})
