import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keepAlive } from '../../src/server/keep-alive.ts'
import { systemClock } from '../../src/server/system-clock.ts'

const MS = 20

/** When a timer that was pushed back went off, after that. */
function pushedBack(): Promise<number> {
  return new Promise((resolve) => {
    let from = systemClock.monotonic()
    const timer = systemClock.timer(MS, () => resolve(systemClock.monotonic() - from))
    // Half of the time is over before the loop can run anything.
    while (systemClock.monotonic() - from < MS / 2);
    timer.refresh()
    from = systemClock.monotonic()
  })
}

test('a timer that was pushed back goes off once, and not before its time', async () => {
  assert.ok((await keepAlive(pushedBack())) >= MS - 1)
})

test('a timer that was cancelled never goes off, pushed back or not', async () => {
  let fired = 0
  const timer = systemClock.timer(1, () => {
    fired += 1
  })
  timer.refresh()
  timer.cancel()
  timer.refresh()
  timer.cancel()
  await keepAlive(systemClock.sleep(MS))
  assert.equal(fired, 0)
})
