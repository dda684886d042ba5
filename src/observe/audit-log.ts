import type { AuditContext, AuditDetail } from '../core/audit/events.ts'
import { FileServerError } from '../core/errors.ts'
import type { AuditSink, Clock, Logger, Timer } from '../core/ports.ts'
import { LineFile } from './line-file.ts'

export type AuditLog = AuditSink & {
  /** So much waits for the disk that nobody else should be let in: what they do could not be kept. */
  readonly behind: boolean
  /** Opens the file anew, after a log rotation moved it. */
  reopen(): Promise<void>
  /** Rejects with storage.failed when the disk did not take the last lines: they are lost then. */
  close(): Promise<void>
}

/** How long to wait before a failed write is tried again; nothing is dropped meanwhile. */
const RETRY_MS = 1000
/** That the disk refuses is said at once and then so often, not with each try: it may be the disk of the other log too. */
const REMIND_MS = 60_000
/** Characters of waiting lines, mostly a byte each: an hour's worth of a busy server, and no burden for its memory. */
const MAX_WAITING = 16 * 1024 * 1024
/** Lines of this time go out as one write, which costs more than all else about them; a crash loses no more than these. */
const GATHER_MS = 20
/** So many lines are not waited with. */
const ENOUGH = 256

function countLines(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf('\n'); at >= 0; at = bytes.indexOf('\n', at + 1)) count += 1
  return count
}

type Gathered = Readonly<{ at: number; context: AuditContext; detail: AuditDetail }>

/** Puts events into words, the fields of a context once for all of its events: a session's are the same in all its lines. */
class Wording {
  readonly #known = new WeakMap<AuditContext, string>()

  linesOf(events: readonly Gathered[]): string {
    let lines = ''
    for (const { at, context, detail } of events)
      lines += `{"at":${at},${this.#opening(context)}${JSON.stringify(detail).slice(1)}\n`
    return lines
  }

  #opening(context: AuditContext): string {
    const known = this.#known.get(context)
    if (known !== undefined) return known
    const fields = JSON.stringify(context).slice(1, -1)
    const opening = fields === '' ? '' : `${fields},`
    this.#known.set(context, opening)
    return opening
  }
}

/**
 * Appends one JSON object per line, in the order of `record`. Lines are gathered for GATHER_MS, wait in memory while a
 * write is under way, and are kept and tried again when the disk refuses them. Throws if the file cannot be opened.
 */
export function createAuditLog(path: string, deps: { clock: Clock; logger: Logger }): AuditLog {
  const file = new LineFile(path)
  const wording = new Wording()
  /** Not put into words yet: many events at once cost half of what each costs between other work. */
  let gathered: Gathered[] = []
  /** Lines that no write has taken yet. */
  let lines = ''
  /** Characters of all lines that are not written, what a write has taken included. */
  let waitingLength = 0
  let gathering: Timer | undefined
  let writing: Promise<void> | undefined
  let closed = false
  /** Lines that nobody tries to write any more. */
  let lost = 0
  /** When the operator was told that lines wait. */
  let told: { first: number; last: number } | undefined

  function refusedBy(err: unknown): void {
    const now = deps.clock.monotonic()
    if (closed) deps.logger.error({ err }, 'the audit log cannot be written')
    else if (told === undefined || now - told.last >= REMIND_MS) {
      told = { first: told?.first ?? now, last: now }
      deps.logger.error({ err }, 'the audit log cannot be written; its lines wait and are tried again')
    }
  }

  function takenAgain(): void {
    if (told === undefined) return
    const seconds = Math.round((deps.clock.monotonic() - told.first) / 1000)
    told = undefined
    deps.logger.warn({ seconds }, 'the audit log can be written again; it has all lines that waited')
  }

  /** Gives up on what is left only when the log is being closed: a stop must not hang on a full disk. */
  async function persist(bytes: Buffer): Promise<void> {
    let left = bytes
    for (;;) {
      const refused = await file.append(left)
      if (refused === undefined) return takenAgain()
      left = refused.left
      refusedBy(refused.error)
      if (closed) {
        lost += countLines(left)
        return
      }
      await deps.clock.sleep(RETRY_MS)
    }
  }

  function putIntoWords(): void {
    const more = wording.linesOf(gathered)
    gathered = []
    lines += more
    waitingLength += more.length
  }

  async function drain(): Promise<void> {
    do {
      putIntoWords()
      const taken = lines
      lines = ''
      await persist(Buffer.from(taken))
      waitingLength -= taken.length
    } while (lines !== '')
    writing = undefined
    if (gathered.length > 0) gatherMore()
  }

  function writeNow(): void {
    gathering?.cancel()
    gathering = undefined
    if (writing === undefined && (lines !== '' || gathered.length > 0)) writing = drain()
  }

  function gatherMore(): void {
    if (writing === undefined) gathering ??= deps.clock.timer(GATHER_MS, writeNow)
  }

  async function flush(): Promise<void> {
    while (waitingLength > 0 || gathered.length > 0) {
      writeNow()
      await writing
    }
  }

  return {
    get behind() {
      return waitingLength > MAX_WAITING
    },
    record(at, context, detail) {
      gathered.push({ at, context, detail })
      if (gathered.length < ENOUGH) return gatherMore()
      putIntoWords()
      writeNow()
    },
    flush,
    reopen() {
      // What happened before the rotation is begun in the old file.
      writeNow()
      return file.reopen()
    },
    async close() {
      closed = true
      await flush()
      await file.close()
      if (lost > 0) {
        throw new FileServerError(
          'storage.failed',
          `${path} could not be written: its last ${lost} lines are lost`,
        )
      }
    },
  }
}
