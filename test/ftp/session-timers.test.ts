import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SessionTimers } from '../../src/ftp/session-timers.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { FTP_SETTINGS } from '../helpers/ftp-server.ts'

function setup() {
  const clock = createFakeClock()
  const over: string[] = []
  const settings = { ...FTP_SETTINGS, loginGraceMs: 60_000, idleMs: 900_000 }
  const timers = new SessionTimers(clock, settings, {
    idle: () => over.push('idle'),
    graceOver: () => over.push('grace'),
  })
  return { clock, over, timers }
}

test('REIN before a login does not buy more time for it', async () => {
  const { clock, over, timers } = setup()
  await clock.advance(50_000)
  timers.loggedOut()
  timers.active()
  await clock.advance(10_000)
  assert.deepEqual(over, ['grace'])
})

test('after a login REIN gives the whole time for the next one', async () => {
  const { clock, over, timers } = setup()
  timers.loggedIn()
  await clock.advance(100_000)
  timers.loggedOut()
  await clock.advance(59_999)
  assert.deepEqual(over, [])
  await clock.advance(1)
  assert.deepEqual(over, ['grace'])
})
