import { setTimeout as delay } from 'node:timers/promises'
import type { Clock, Timer } from '../core/ports.ts'

/** A class: every idle session has some, and closures would cost more than the timer. */
class SystemTimer implements Timer {
  readonly #timeout: NodeJS.Timeout

  constructor(ms: number, fn: () => void) {
    this.#timeout = setTimeout(fn, ms).unref()
  }

  refresh(): void {
    this.#timeout.refresh()
  }

  cancel(): void {
    clearTimeout(this.#timeout)
  }
}

/** The real time. Its timers and sleeps never keep the process alive: sockets do. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { ref: false, ...(signal === undefined ? {} : { signal }) }),
  timer: (ms, fn) => new SystemTimer(ms, fn),
}
