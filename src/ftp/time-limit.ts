import type { Clock, Timer } from '../core/ports.ts'

const NONE: Timer = { refresh: () => undefined, cancel: () => undefined }

/** A timer of the clock; `ms` 0 means that there is no limit. */
export function limit(clock: Clock, ms: number, fn: () => void): Timer {
  return ms === 0 ? NONE : clock.timer(ms, fn)
}
