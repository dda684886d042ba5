import type { Clock, Timer } from '../../src/core/ports.ts'

type Alarm = { at: number; order: number; fire: () => void }

export type FakeClock = Clock & {
  /** Moves time by `ms`; what falls due fires in order, and promises settle between alarms. */
  advance(ms: number): Promise<void>
  /** Sleeps and timers that still wait. */
  readonly pending: number
}

/** Lets everything that is ready run, I/O callbacks of this turn included. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A clock that stands still until told. Starts at `now` milliseconds since the epoch. */
export function createFakeClock(now: number = Date.UTC(2030, 0, 15, 12)): FakeClock {
  const start = now
  let current = now
  let order = 0
  const alarms = new Set<Alarm>()

  const set = (ms: number, fire: () => void): Alarm => {
    order += 1
    const alarm: Alarm = { at: current + ms, order, fire }
    alarms.add(alarm)
    return alarm
  }
  const due = (until: number): Alarm | undefined =>
    [...alarms].filter((alarm) => alarm.at <= until).sort((a, b) => a.at - b.at || a.order - b.order)[0]

  return {
    now: () => current,
    monotonic: () => current - start,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const abort = (): void => {
          alarms.delete(alarm)
          reject(signal?.reason)
        }
        const alarm = set(ms, () => {
          signal?.removeEventListener('abort', abort)
          resolve()
        })
        signal?.addEventListener('abort', abort, { once: true })
      }),
    timer: (ms, fn): Timer => {
      let alarm = set(ms, fn)
      return {
        refresh: () => {
          if (!alarms.delete(alarm)) return
          alarm = set(ms, fn)
        },
        cancel: () => {
          alarms.delete(alarm)
        },
      }
    },
    advance: async (ms) => {
      const until = current + ms
      await settle()
      for (let next = due(until); next !== undefined; next = due(until)) {
        alarms.delete(next)
        current = Math.max(current, next.at)
        next.fire()
        await settle()
      }
      current = until
    },
    get pending() {
      return alarms.size
    },
  }
}
