import { closeSync, mkdirSync, openSync, write } from 'node:fs'
import { dirname } from 'node:path'
import type { AuditContext, AuditDetail } from '../core/audit/events.ts'
import type { AuditSink, Clock, Logger, Timer } from '../core/ports.ts'

export type AuditLog = AuditSink & {
  /** So much waits for the disk that nobody else should be let in: what they do could not be kept. */
  readonly behind: boolean
  /** Opens the file anew, after a log rotation moved it. */
  reopen(): Promise<void>
  close(): Promise<void>
}

/** How long to wait before a failed write is tried again; nothing is dropped meanwhile. */
const RETRY_MS = 1000
/** Characters of waiting lines, mostly a byte each: an hour's worth of a busy server, and no burden for its memory. */
const MAX_WAITING = 16 * 1024 * 1024
/** Lines of this time go out as one write, which costs more than all else about them; a crash loses no more than these. */
const GATHER_MS = 20
/** So many lines are not waited with. */
const ENOUGH = 256

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
export function createAuditLog(file: string, deps: { clock: Clock; logger: Logger }): AuditLog {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  let fd = openSync(file, 'a', 0o600)
  const wording = new Wording()
  /** Not put into words yet: many events at once cost half of what each costs between other work. */
  let gathered: Gathered[] = []
  /** Lines that no write has taken yet. */
  let lines = ''
  /** Characters of all lines that are not written, what a write has taken included. */
  let waitingLength = 0
  let gathering: Timer | undefined
  let writing: Promise<void> | undefined
  let appending: Promise<unknown> = Promise.resolve()
  let closed = false

  function append(bytes: Uint8Array): Promise<number> {
    const written = new Promise<number>((resolve, reject) =>
      write(fd, bytes, 0, bytes.length, null, (error, count) =>
        error === null ? resolve(count) : reject(error),
      ),
    )
    appending = written
    return written
  }

  /** Gives up on what is left only when the log is being closed: a stop must not hang on a full disk. */
  async function persist(bytes: Uint8Array): Promise<void> {
    let left = bytes
    while (left.length > 0) {
      try {
        left = left.subarray(await append(left))
      } catch (error) {
        deps.logger.error(
          { err: error },
          'the audit log cannot be written; its lines wait and are tried again',
        )
        if (closed) return
        await deps.clock.sleep(RETRY_MS)
      }
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
    async reopen() {
      // What happened before the rotation is begun in the old file.
      writeNow()
      const old = fd
      fd = openSync(file, 'a', 0o600)
      // Only the write under way still uses the old file: a rotation must get by also when the disk refuses all writes.
      await appending.catch(() => undefined)
      closeSync(old)
    },
    async close() {
      closed = true
      await flush()
      closeSync(fd)
    },
  }
}
