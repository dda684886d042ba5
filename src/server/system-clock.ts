import { setTimeout as delay } from 'node:timers/promises'
import type { Clock, Timer } from '../core/ports.ts'

/**
 * Pushed back by noting the time alone, as every command and chunk does that: when Node's timer goes off too early, another
 * runs for what is left. A class: every idle session has some, and more closures would cost more than the timer.
 */
class SystemTimer implements Timer {
  readonly #ms: number
  readonly #fn: () => void
  #from = performance.now()
  #timeout: NodeJS.Timeout

  constructor(ms: number, fn: () => void) {
    this.#ms = ms
    this.#fn = fn
    this.#timeout = this.#wait(ms)
  }

  refresh(): void {
    this.#from = performance.now()
  }

  cancel(): void {
    clearTimeout(this.#timeout)
  }

  #wait(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#over(), ms).unref()
  }

  #over(): void {
    const left = this.#from + this.#ms - performance.now()
    if (left > 0) this.#timeout = this.#wait(left)
    else this.#fn()
  }
}

/** The real time. Its timers and sleeps never keep the process alive: sockets do. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { ref: false, ...(signal === undefined ? {} : { signal }) }),
  timer: (ms, fn) => new SystemTimer(ms, fn),
}
