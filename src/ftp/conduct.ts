import type { Clock } from '../core/ports.ts'
import type { SessionLimit } from './report.ts'
import type { FtpSettings } from './settings.ts'

/** Replies to commands that no client should have sent then; what the files or the rights refuse is not among them. */
const BAD_REPLIES: ReadonlySet<number> = new Set([500, 501, 502, 503, 504, 530])
const MAX_LONG_LINES = 3
/** Commands of this time may come at once. */
const BURST_MS = 1000

/** How a client behaves: what it gets wrong too often ends its session, what comes too fast waits. */
export type Conduct = {
  /** Counts a line over the limit; true when it is one too many. */
  tooLong(): boolean
  /** Counts the reply to a command; true when it is one mistake in a row too many. */
  overdone(code: number): boolean
  /** Counts a command; milliseconds that the next one has to wait, 0 mostly. */
  delay(): number
}

/** `limited` hears which limit was reached: of slowing down once, of the others when they end the session. */
export function createConduct(
  clock: Pick<Clock, 'monotonic'>,
  { commandsPerSecond, maxBadCommands }: Pick<FtpSettings, 'commandsPerSecond' | 'maxBadCommands'>,
  limited: (limit: SessionLimit) => void,
): Conduct {
  const stepMs = commandsPerSecond === 0 ? 0 : 1000 / commandsPerSecond
  let longLines = 0
  let mistakes = 0
  let slowed = false
  /** When all commands so far would have been through at the allowed rate. */
  let through = 0
  return {
    tooLong() {
      longLines += 1
      if (longLines <= MAX_LONG_LINES) return false
      limited('ftp.maxLineBytes')
      return true
    },
    overdone(code) {
      mistakes = BAD_REPLIES.has(code) ? mistakes + 1 : 0
      if (maxBadCommands === 0 || mistakes <= maxBadCommands) return false
      limited('ftp.maxBadCommands')
      return true
    },
    delay() {
      if (stepMs === 0) return 0
      const now = clock.monotonic()
      through = Math.max(through, now) + stepMs
      const wait = Math.max(0, through - now - BURST_MS)
      if (wait > 0 && !slowed) limited('ftp.commandsPerSecond')
      slowed ||= wait > 0
      return wait
    },
  }
}
