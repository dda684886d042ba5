import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FileServerError } from '../../src/core/errors.ts'
import { asSessionId, asUserId, type Origin, type Principal, type User } from '../../src/core/identity.ts'
import type { StateStore } from '../../src/core/ports.ts'
import { createSessionRegistry, type Session, type SessionRegistry } from '../../src/core/sessions.ts'
import type { VfsSession } from '../../src/core/vfs/session.ts'
import { createMemoryStateStore } from '../../src/state/memory.ts'
import { createFakeClock, type FakeClock, settle } from '../helpers/fake-clock.ts'
import { createMemoryUsers, type MemoryUsers, makeUser } from '../helpers/memory-users.ts'

type Setup = {
  registry: SessionRegistry
  users: MemoryUsers
  clock: FakeClock
  state: StateStore
  closed: string[]
  open(name: string, session: string): Session
}

function setup(names: readonly string[] = ['alice', 'bob']): Setup {
  const users = createMemoryUsers(names.map((name) => makeUser(name)))
  const clock = createFakeClock()
  const closed: string[] = []
  const memory = createMemoryStateStore()
  const state: StateStore = {
    ...memory,
    closeSession: async (session) => {
      closed.push(session)
    },
  }
  const registry = createSessionRegistry({ users, state, clock })
  const open = (name: string, session: string): Session => {
    const origin = { session: asSessionId(session) } as Origin
    const limits = { maxSessions: 0, quotaBytes: 0, quotaFiles: 0 }
    const principal: Principal = {
      user: asUserId(name),
      name,
      origin,
      factors: ['password'],
      mounts: [],
      limits,
    }
    return registry.open(principal, { principal } as VfsSession)
  }
  return { registry, users, clock, state, closed, open }
}

test('live sessions are listed until closed, and closing gives the place back once', async () => {
  const { registry, clock, closed, open } = setup()
  const [one] = [open('alice', '1'), open('bob', '2')]
  assert.deepEqual(
    registry.list().map(({ principal, sinceMs }) => [principal.name, sinceMs]),
    [
      ['alice', clock.now()],
      ['bob', clock.now()],
    ],
  )
  await Promise.all([one.close(), one.close()])
  await one.close()
  assert.deepEqual(closed, ['1'])
  assert.equal(registry.count, 1)
})

const OUT: readonly (readonly [string, Partial<User> | undefined])[] = [
  ['disabled', { enabled: false }],
  ['expired', { expires: new Date(0) }],
  ['removed', undefined],
  ['replaced by another of the same name', { id: asUserId('alice-2') }],
]

for (const [what, changes] of OUT) {
  test(`a user ${what} by a reload loses every session, others keep theirs`, async () => {
    const { users, open } = setup()
    const [a1, a2, b] = [open('alice', '1'), open('alice', '2'), open('bob', '3')]
    await settle()
    if (changes === undefined) users.remove('alice')
    else {
      users.remove('alice')
      users.put(makeUser('alice', changes))
    }
    await settle()
    assert.deepEqual([a1.ended.aborted, a2.ended.aborted, b.ended.aborted], [true, true, false])
    assert.ok(a1.ended.reason instanceof FileServerError)
  })
}

test('a harmless change ends nothing', async () => {
  const { users, open, clock } = setup()
  const session = open('alice', '1')
  users.put(makeUser('alice', { allow: ['127.0.0.1'], expires: new Date(clock.now() + 1) }))
  await settle()
  assert.equal(session.ended.aborted, false)
})

test('a change between the decision and the opening is not missed', async () => {
  const { users, open } = setup()
  users.put(makeUser('alice', { enabled: false }))
  const session = open('alice', '1')
  await settle()
  assert.equal(session.ended.aborted, true)
})

test('a user who cannot be looked up again is not trusted further', async () => {
  const { users, open } = setup()
  const session = open('alice', '1')
  await settle()
  users.find = async () => {
    throw new Error('directory gone')
  }
  users.put(makeUser('alice'))
  await settle()
  assert.equal(session.ended.aborted, true)
})

test('kick ends the sessions of one user and counts them', async () => {
  const { registry, open } = setup()
  const [a, b] = [open('alice', '1'), open('bob', '2')]
  assert.equal(registry.kick(asUserId('alice')), 1)
  assert.deepEqual([a.ended.aborted, b.ended.aborted], [true, false])
  await a.close()
  assert.equal(registry.kick(asUserId('alice')), 0)
})

test('endAll ends every session and opens no more', () => {
  const { registry, open } = setup()
  const session = open('alice', '1')
  assert.equal(registry.draining, false)
  registry.endAll()
  assert.equal(session.ended.reason.code, 'session.draining')
  assert.equal(registry.draining, true)
  assert.throws(() => open('bob', '2'), { code: 'session.draining' })
})

test('a closed registry follows no reloads', async () => {
  const { registry, users, open } = setup()
  const session = open('alice', '1')
  await settle()
  registry.close()
  users.remove('alice')
  await settle()
  assert.equal(session.ended.aborted, false)
})
