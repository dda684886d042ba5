import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../core/ports.ts'

/** The real time. Its timers and sleeps never keep the process alive: sockets do. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { ref: false, ...(signal === undefined ? {} : { signal }) }),
  timer(ms, fn) {
    const timeout = setTimeout(fn, ms).unref()
    return { refresh: () => void timeout.refresh(), cancel: () => clearTimeout(timeout) }
  },
}
