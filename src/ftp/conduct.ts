import type { Clock } from '../core/ports.ts'
import type { SessionLimit } from './report.ts'
import type { FtpSettings } from './settings.ts'

/** Replies to commands that no client should have sent then; what the files or the rights refuse is not among them. */
const BAD_REPLIES: ReadonlySet<number> = new Set([500, 501, 502, 503, 504, 530])
const MAX_LONG_LINES = 3
/** Commands of this time may come at once. */
const BURST_MS = 1000

type ConductSettings = Pick<FtpSettings, 'commandsPerSecond' | 'maxBadCommands'>
/** Hears of a limit that was reached. */
export type ConductHost = { limited(limit: SessionLimit): void }

/**
 * How a client behaves: what it gets wrong too often ends its session, what comes too fast waits. `limited` hears which
 * limit was reached: of slowing down once, of the others when they end the session.
 */
export class Conduct {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #settings: ConductSettings
  readonly #host: ConductHost
  #longLines = 0
  #mistakes = 0
  #slowed = false
  /** When all commands so far would have been through at the allowed rate. */
  #through = 0

  constructor(clock: Pick<Clock, 'monotonic'>, settings: ConductSettings, host: ConductHost) {
    this.#clock = clock
    this.#settings = settings
    this.#host = host
  }

  /** Counts a line over the limit; true when it is one too many. */
  tooLong(): boolean {
    this.#longLines += 1
    if (this.#longLines <= MAX_LONG_LINES) return false
    this.#host.limited('ftp.maxLineBytes')
    return true
  }

  /** Counts the reply to a command; true when it is one mistake in a row too many. */
  overdone(code: number): boolean {
    const { maxBadCommands } = this.#settings
    this.#mistakes = BAD_REPLIES.has(code) ? this.#mistakes + 1 : 0
    if (maxBadCommands === 0 || this.#mistakes <= maxBadCommands) return false
    this.#host.limited('ftp.maxBadCommands')
    return true
  }

  /** Counts a command; milliseconds that the next one has to wait, 0 mostly. */
  delay(): number {
    const { commandsPerSecond } = this.#settings
    if (commandsPerSecond === 0) return 0
    const now = this.#clock.monotonic()
    this.#through = Math.max(this.#through, now) + 1000 / commandsPerSecond
    const wait = Math.max(0, this.#through - now - BURST_MS)
    if (wait > 0 && !this.#slowed) this.#host.limited('ftp.commandsPerSecond')
    this.#slowed ||= wait > 0
    return wait
  }
}
