import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { createAuditor } from '../../src/core/audit/auditor.ts'
import type { AuditEvent } from '../../src/core/audit/events.ts'
import type { Origin } from '../../src/core/identity.ts'
import { createPolicy } from '../../src/core/policy/policy.ts'
import type { Connection, ProtocolAdapter } from '../../src/server/adapter.ts'
import { createConnectionCaps } from '../../src/server/connection-caps.ts'
import { createListener } from '../../src/server/listener.ts'
import { createFileServer, ListenError } from '../../src/server/server.ts'
import { systemClock } from '../../src/server/system-clock.ts'
import { createMemoryStateStore } from '../../src/state/memory.ts'
import { collectEvents } from '../helpers/audit-events.ts'
import { OPEN_POLICY } from '../helpers/policy-settings.ts'

const logger = { debug() {}, info() {}, warn() {}, error() {} }

/** A door that greets, and is told from outside whether a connection is authenticated. */
function greetingAdapter() {
  const served: { origin: Origin; socket: Socket; state: { authenticated: boolean } }[] = []
  const closes: string[] = []
  const adapter: ProtocolAdapter = {
    serve(socket, origin): Connection {
      const state = { authenticated: false }
      served.push({ origin, socket, state })
      socket.write('hello\n')
      const done = new Promise<void>((resolve) => socket.once('close', () => resolve()))
      socket.resume()
      return {
        done,
        busy: false,
        get authenticated() {
          return state.authenticated
        },
        close(how) {
          closes.push(how)
          socket.destroy()
        },
      }
    },
    refuse: (socket, code) => void socket.end(`no: ${code}\n`),
    close: async () => undefined,
  }
  return { adapter, served, closes }
}

async function serve(
  t: { after(fn: () => unknown): void },
  options: { deny?: string[]; limits?: object; lock?: string; behind?: () => boolean } = {},
) {
  const events: AuditEvent[] = []
  const door = greetingAdapter()
  const state = createMemoryStateStore()
  const caps = createConnectionCaps({
    max: 0,
    perAddress: 0,
    unauthenticated: 0,
    unauthenticatedPerAddress: 0,
    ...options.limits,
  })
  const listener = createListener(
    { name: 'test', address: '127.0.0.1', port: 0, door: 'ftp', encrypted: false },
    {
      adapter: door.adapter,
      policy: createPolicy({ ...OPEN_POLICY, deny: options.deny ?? [] }),
      state,
      caps,
      auditBehind: options.behind ?? (() => false),
      audit: createAuditor(collectEvents(events), systemClock),
      clock: systemClock,
      logger,
    },
  )
  const server = createFileServer([listener], caps, { clock: systemClock, logger })
  await server.start()
  t.after(() => server.drain(0))
  return { ...door, server, listener, events, caps, state }
}

async function talk(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
    socket.end()
  })
  await once(socket, 'close')
  return text
}

test('an accepted connection reaches the adapter with its origin', async (t) => {
  const { listener, served, events } = await serve(t)
  assert.equal(await talk(listener.port), 'hello\n')
  const origin = served[0]?.origin
  assert.equal(origin?.remoteIp, '127.0.0.1')
  assert.equal(origin?.localPort, listener.port)
  assert.equal(origin?.door, 'ftp')
  assert.deepEqual(
    events.map((event) => event.type),
    ['connection.opened', 'connection.closed'],
  )
})

test('a denied address gets no byte at all', async (t) => {
  const { listener, served, events } = await serve(t, { deny: ['127.0.0.0/8'] })
  assert.equal(await talk(listener.port), '')
  assert.equal(served.length, 0)
  assert.equal(events[0]?.type, 'connection.refused')
  assert.equal(events[0]?.type === 'connection.refused' && events[0].reason, 'address-denied')
})

test('nobody is let in while the audit log cannot keep more', async (t) => {
  let behind = true
  const said = t.mock.method(logger, 'error', () => undefined)
  const { listener, served, events } = await serve(t, { behind: () => behind })
  for (let count = 0; count < 3; count += 1) {
    assert.equal(await talk(listener.port), 'no: session.limit\n')
  }
  assert.deepEqual([served, events], [[], []])
  assert.equal(said.mock.callCount(), 1)
  behind = false
  assert.equal(await talk(listener.port), 'hello\n')
  behind = true
  assert.equal(await talk(listener.port), 'no: session.limit\n')
  assert.equal(said.mock.callCount(), 2)
})

test('connections over a cap are refused in the words of the door, and places come back', async (t) => {
  const { listener, caps } = await serve(t, { limits: { perAddress: 1 } })
  const first = connect(listener.port, '127.0.0.1')
  await once(first, 'data')
  assert.equal(await talk(listener.port), 'no: session.limit\n')
  assert.equal(caps.size, 1)
  const [connection] = caps.all()
  first.end()
  await connection?.done
  assert.equal(await talk(listener.port), 'hello\n')
})

test('only connections that have not logged in count as unauthenticated', async (t) => {
  const limits = { unauthenticated: 1, unauthenticatedPerAddress: 1 }
  const { listener, served } = await serve(t, { limits })
  const first = connect(listener.port, '127.0.0.1')
  await once(first, 'data')
  assert.equal(await talk(listener.port), 'no: session.limit\n')
  const state = served[0]?.state
  assert.ok(state)
  state.authenticated = true
  assert.equal(await talk(listener.port), 'hello\n')
  first.destroy()
})

test('a taken port is named, and the other listeners are closed again', async (t) => {
  const { listener, caps } = await serve(t)
  const deps = { clock: systemClock, logger }
  const taken = createListener(
    { name: 'second', address: '127.0.0.1', port: listener.port, door: 'ftp', encrypted: false },
    {
      adapter: greetingAdapter().adapter,
      policy: createPolicy(OPEN_POLICY),
      state: createMemoryStateStore(),
      caps,
      auditBehind: () => false,
      audit: createAuditor({ record() {}, flush: async () => undefined }, systemClock),
      ...deps,
    },
  )
  const server = createFileServer([taken], caps, deps)
  await assert.rejects(server.start(), (error: unknown) => {
    assert.ok(error instanceof ListenError)
    assert.deepEqual([error.listener, error.port, error.reason], ['second', listener.port, 'EADDRINUSE'])
    return true
  })
})

test('a drain stops accepting, asks politely and then closes', async (t) => {
  const { listener, server, closes } = await serve(t)
  const client = connect(listener.port, '127.0.0.1')
  await once(client, 'data')
  const ended = once(client, 'close')
  await server.drain(1000)
  await ended
  assert.deepEqual(closes, ['draining'])
  const late = connect(listener.port, '127.0.0.1')
  await assert.rejects(once(late, 'connect'))
})
