import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FileServerError } from '../../src/core/errors.ts'
import { asSessionId, asUserId, type Origin, type Principal, type User } from '../../src/core/identity.ts'
import type { Policy } from '../../src/core/policy/decide.ts'
import { createPolicy } from '../../src/core/policy/policy.ts'
import type { StateStore } from '../../src/core/ports.ts'
import { createSessionRegistry, type Session, type SessionRegistry } from '../../src/core/sessions.ts'
import type { VfsSession } from '../../src/core/vfs/session.ts'
import { createMemoryStateStore } from '../../src/state/memory.ts'
import { createFakeClock, type FakeClock, settle } from '../helpers/fake-clock.ts'
import { createMemoryUsers, type MemoryUsers, makeUser } from '../helpers/memory-users.ts'
import { OPEN_POLICY } from '../helpers/policy-settings.ts'

const ORIGIN: Origin = {
  session: asSessionId(''),
  door: 'ftps',
  remoteIp: '127.0.0.1',
  remotePort: 40_000,
  localIp: '127.0.0.1',
  localPort: 21,
  listener: 'main',
  encrypted: true,
}
const DAY_MS = 86_400_000

type Setup = {
  registry: SessionRegistry
  users: MemoryUsers
  clock: FakeClock
  state: StateStore
  closed: string[]
  lists: { allow: string[]; deny: string[] }
  open(name: string, session: string, changes?: Partial<Origin>): Session
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
  const lists = {
    ...OPEN_POLICY,
    allow: [] as string[],
    deny: [] as string[],
    cleartextListeners: new Set(['main']),
    anonymousListeners: new Set(['main']),
  }
  const policy = { decide: (...asked: Parameters<Policy['decide']>) => createPolicy(lists).decide(...asked) }
  const registry = createSessionRegistry({ users, state, policy, clock })
  const open = (name: string, session: string, changes: Partial<Origin> = {}): Session => {
    const origin = { ...ORIGIN, session: asSessionId(session), ...changes }
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
  return { registry, users, clock, state, closed, lists, open }
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
  ['kept from this door', { doors: new Set(['sftp']) }],
  ['kept from this address', { allow: ['192.0.2.0/24'] }],
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
    assert.deepEqual(
      [a1.ended !== undefined, a2.ended !== undefined, b.ended !== undefined],
      [true, true, false],
    )
    assert.ok(a1.ended instanceof FileServerError)
  })
}

test('a harmless change ends nothing', async () => {
  const { users, open, clock } = setup()
  const session = open('alice', '1')
  users.put(makeUser('alice', { allow: ['127.0.0.1'], expires: new Date(clock.now() + 1) }))
  await settle()
  assert.equal(session.ended, undefined)
})

test('a change between the decision and the opening is not missed', async () => {
  const { users, open } = setup()
  users.put(makeUser('alice', { enabled: false }))
  const session = open('alice', '1')
  await settle()
  assert.equal(session.ended !== undefined, true)
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
  assert.equal(session.ended !== undefined, true)
})

test('kick ends the sessions of one user and counts them', async () => {
  const { registry, open } = setup()
  const [a, b] = [open('alice', '1'), open('bob', '2')]
  assert.equal(registry.kick(asUserId('alice')), 1)
  assert.deepEqual([a.ended !== undefined, b.ended !== undefined], [true, false])
  await a.close()
  assert.equal(registry.kick(asUserId('alice')), 0)
})

test('endAll ends every session and opens no more', () => {
  const { registry, open } = setup()
  const session = open('alice', '1')
  assert.equal(registry.draining, false)
  registry.endAll()
  assert.equal(session.ended?.code, 'session.draining')
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
  assert.equal(session.ended, undefined)
})

test('a session ends when the account expires, though nobody reloads anything', async () => {
  const { users, clock, open } = setup([])
  const expires = (days: number) => ({ expires: new Date(clock.now() + days * DAY_MS) })
  users.put(makeUser('soon', expires(1)))
  users.put(makeUser('later', expires(400)))
  users.put(makeUser('longer', expires(1)))
  const [soon, later, longer] = [open('soon', '1'), open('later', '2'), open('longer', '3')]
  await clock.advance(DAY_MS - 1)
  assert.equal(soon.ended, undefined)
  users.put(makeUser('longer', expires(1)))
  await settle()
  await clock.advance(1)
  assert.deepEqual(
    [soon.ended !== undefined, later.ended !== undefined, longer.ended !== undefined],
    [true, false, false],
  )
  await clock.advance(400 * DAY_MS)
  assert.deepEqual([later.ended !== undefined, longer.ended !== undefined], [true, true])
})

test('a cleartext session ends with its exception, an encrypted one does not', async () => {
  const { users, clock, open } = setup([])
  const sunset = { plaintextUntil: new Date(clock.now()), owner: 'ops', reason: 'test' }
  users.put(makeUser('legacy', { sunset }))
  const clear = open('legacy', '1', { door: 'ftp', encrypted: false })
  const safe = open('legacy', '2')
  await clock.advance(DAY_MS)
  assert.deepEqual([clear.ended !== undefined, safe.ended !== undefined], [true, false])
})

test('an address that is denied by a reload loses its sessions', async () => {
  const { registry, lists, open } = setup()
  const [here, there] = [open('alice', '1'), open('alice', '2', { remoteIp: '192.0.2.7' })]
  lists.deny.push('192.0.2.0/24')
  registry.recheck()
  await settle()
  assert.deepEqual([here.ended !== undefined, there.ended !== undefined], [false, true])
})

test('one timer rings for all sessions, and none when the last is closed', async () => {
  const { users, registry, clock, open } = setup([])
  users.put(makeUser('soon', { expires: new Date(clock.now() + 1000) }))
  const [one, two] = [open('soon', '1'), open('soon', '2')]
  await settle()
  assert.equal(clock.pending, 1)
  await one.close()
  assert.equal(clock.pending, 1)
  await two.close()
  assert.equal(clock.pending, 0)
  const three = open('soon', '3')
  await settle()
  registry.close()
  assert.equal(clock.pending, 0)
  assert.equal(three.ended, undefined)
})

test('an anonymous user needs no exception, so none of theirs runs out', async () => {
  const { users, clock, open } = setup([])
  const sunset = { plaintextUntil: new Date(0), owner: 'ops', reason: 'test' }
  users.put(makeUser('anonymous', { anonymous: true, sunset }))
  const session = open('anonymous', '1', { door: 'ftp', encrypted: false })
  await clock.advance(DAY_MS)
  assert.equal(session.ended, undefined)
  assert.equal(clock.pending, 0)
})
