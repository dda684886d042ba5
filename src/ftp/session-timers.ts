import type { Clock } from '../core/ports.ts'
import { limit } from './limit.ts'
import type { FtpSettings } from './settings.ts'

/** The two limits of a control connection: time to log in, and time without a command. */
export type SessionTimers = {
  /** A command is through: the idle time starts anew. */
  active(): void
  loggedIn(): void
  loggedOut(): void
  stop(): void
}

export function createSessionTimers(
  clock: Clock,
  settings: FtpSettings,
  events: Readonly<{ idle: () => void; graceOver: () => void }>,
): SessionTimers {
  let stopped = false
  let inside = false
  let idleOver = false
  const onIdle = () => {
    idleOver = true
    events.idle()
  }
  let idle = limit(clock, settings.idleMs, onIdle)
  let grace = limit(clock, settings.loginGraceMs, events.graceOver)
  return {
    active() {
      if (stopped) return
      if (!idleOver) return idle.refresh()
      idleOver = false
      idle = limit(clock, settings.idleMs, onIdle)
    },
    loggedIn() {
      inside = true
      grace.cancel()
    },
    loggedOut() {
      // REIN before any login must not buy more time for it.
      if (!inside) return
      inside = false
      grace.cancel()
      if (!stopped) grace = limit(clock, settings.loginGraceMs, events.graceOver)
    },
    stop() {
      stopped = true
      idle.cancel()
      grace.cancel()
    },
  }
}
