import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { asSessionId } from '../../src/core/identity.ts'
import { type ConnectionLimits, createConnectionCaps } from '../../src/server/connection-caps.ts'
import { createFileServer } from '../../src/server/server.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'

const NO_LIMITS: ConnectionLimits = {
  max: 0,
  perAddress: 0,
  unauthenticated: 0,
  unauthenticatedPerAddress: 0,
}

function connection(done: Promise<void>) {
  const closes: string[] = []
  return { done, busy: true, authenticated: true, closes, close: (how: string) => void closes.push(how) }
}

test('a connection that never ends does not keep the server from stopping, and is named', async () => {
  const clock = createFakeClock()
  const caps = createConnectionCaps(NO_LIMITS)
  const errors: object[] = []
  const silent = () => undefined
  const logger = { debug: silent, info: silent, warn: silent, error: (fields: object) => errors.push(fields) }
  const stuck = connection(new Promise(() => undefined))
  caps.add({ remoteIp: '192.0.2.1', session: asSessionId('stuck') }, stuck)
  caps.add({ remoteIp: '192.0.2.1', session: asSessionId('good') }, connection(Promise.resolve()))
  let drained = false
  const draining = createFileServer([], caps, { clock, logger })
    .drain(1000)
    .then(() => {
      drained = true
    })
  await clock.advance(1000)
  assert.deepEqual(stuck.closes, ['draining', 'now'])
  assert.equal(drained, false)
  await clock.advance(60_000)
  await draining
  assert.deepEqual(errors, [{ session: 'stuck' }])
})

// The clock's timers keep no process alive, and a stuck connection need not have a socket any more.
const CHILD = `
  import { createConnectionCaps } from './src/server/connection-caps.ts'
  import { createFileServer } from './src/server/server.ts'
  const clock = {
    sleep: (ms, signal) => new Promise((resolve, reject) => {
      setTimeout(resolve, Math.min(ms, 50)).unref()
      signal?.addEventListener('abort', () => reject(signal.reason))
    }),
  }
  const caps = createConnectionCaps({ max: 0, perAddress: 0, unauthenticated: 0, unauthenticatedPerAddress: 0 })
  const done = new Promise(() => undefined)
  caps.add({ remoteIp: '192.0.2.1', session: 's' }, { done, busy: true, authenticated: true, close() {} })
  const logger = { info() {}, error() {} }
  await createFileServer([], caps, { clock, logger }).drain(20)
  process.exitCode = 7
`

test('the process stays until the drain is over', async () => {
  const root = new URL('../..', import.meta.url)
  const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD], { cwd: root, stdio: 'inherit' })
  assert.deepEqual(await once(child, 'exit'), [7, null])
})

test('the addresses of one IPv6 network share their places', () => {
  const caps = createConnectionCaps({ ...NO_LIMITS, perAddress: 2 })
  for (const host of ['1', '2']) {
    const origin = { remoteIp: `2001:db8:0:1::${host}`, session: asSessionId(host) }
    caps.add(origin, connection(new Promise(() => undefined)))
  }
  assert.equal(caps.exceeded('2001:db8:0:1:ffff::3'), 'perAddress')
  assert.equal(caps.exceeded('2001:db8:0:2::1'), undefined)
})
