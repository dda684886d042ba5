import type { Clock } from '../core/ports.ts'

/** Longer than any wait: it only keeps the process alive. */
const FOREVER_MS = 2 ** 30

/**
 * Waits for `work` with the process kept alive: the clock's timers do not, sockets may be gone already, and Node would
 * otherwise leave in the middle of an await, with exit code 13.
 */
export async function keepAlive<T>(work: Promise<T>): Promise<T> {
  const alive = setInterval(() => undefined, FOREVER_MS)
  try {
    return await work
  } finally {
    clearInterval(alive)
  }
}

/** False when `work` takes longer than `ms`; it goes on then, and what it rejects with later is dropped. */
export async function within(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  const over = new AbortController()
  const late = clock.sleep(ms, over.signal).then(
    () => false,
    () => false,
  )
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    over.abort()
  }
}
