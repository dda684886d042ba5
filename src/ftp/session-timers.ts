import type { Clock, Timer } from '../core/ports.ts'
import type { FtpSettings } from './settings.ts'
import { limit } from './time-limit.ts'

export type TimerEvents = { idle(): void; graceOver(): void }

/** The two limits of a control connection: time to log in, and time without a command. */
export class SessionTimers {
  readonly #clock: Clock
  readonly #settings: FtpSettings
  readonly #events: TimerEvents
  #stopped = false
  #inside = false
  #idle: Timer | undefined
  #grace: Timer | undefined

  constructor(clock: Clock, settings: FtpSettings, events: TimerEvents) {
    this.#clock = clock
    this.#settings = settings
    this.#events = events
    this.#beginIdle()
    this.#beginGrace()
  }

  /** A command is through: the idle time starts anew. */
  active(): void {
    if (this.#stopped) return
    if (this.#idle === undefined) this.#beginIdle()
    else this.#idle.refresh()
  }

  loggedIn(): void {
    this.#inside = true
    this.#endGrace()
  }

  loggedOut(): void {
    // REIN before any login must not buy more time for it.
    if (!this.#inside) return
    this.#inside = false
    this.#endGrace()
    if (!this.#stopped) this.#beginGrace()
  }

  stop(): void {
    this.#stopped = true
    this.#idle?.cancel()
    this.#endGrace()
  }

  #beginIdle(): void {
    this.#idle = limit(this.#clock, this.#settings.idleMs, () => {
      this.#idle = undefined
      this.#events.idle()
    })
  }

  #beginGrace(): void {
    this.#grace = limit(this.#clock, this.#settings.loginGraceMs, () => this.#events.graceOver())
  }

  #endGrace(): void {
    this.#grace?.cancel()
    this.#grace = undefined
  }
}
