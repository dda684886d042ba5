import { closeSync, mkdirSync, openSync, write } from 'node:fs'
import { dirname } from 'node:path'
import type { AuditContext } from '../core/audit/events.ts'
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
/** So many characters are not waited with. */
const ENOUGH = 64 * 1024

/** The fields of contexts as they stand in a line: a session's are the same in all its lines. */
function createOpenings(): (context: AuditContext) => string {
  const known = new WeakMap<AuditContext, string>()
  return (context) => {
    const found = known.get(context)
    if (found !== undefined) return found
    const fields = JSON.stringify(context).slice(1, -1)
    const opening = fields === '' ? '' : `${fields},`
    known.set(context, opening)
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
  const opening = createOpenings()
  /** Lines that no write has taken yet. */
  let gathered = ''
  /** Characters of all that is not written, what a write has taken included. */
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

  async function drain(): Promise<void> {
    do {
      const lines = gathered
      gathered = ''
      await persist(Buffer.from(lines))
      waitingLength -= lines.length
    } while (gathered.length >= ENOUGH)
    writing = undefined
    gather()
  }

  function writeNow(): void {
    if (writing !== undefined || gathered === '') return
    gathering?.cancel()
    gathering = undefined
    writing = drain()
  }

  function gather(): void {
    if (writing !== undefined || gathered === '') return
    if (gathered.length >= ENOUGH) writeNow()
    else gathering ??= deps.clock.timer(GATHER_MS, writeNow)
  }

  async function flush(): Promise<void> {
    while (waitingLength > 0) {
      writeNow()
      await writing
    }
  }

  return {
    get behind() {
      return waitingLength > MAX_WAITING
    },
    record(at, context, detail) {
      const line = `{"at":${at},${opening(context)}${JSON.stringify(detail).slice(1)}\n`
      gathered += line
      waitingLength += line.length
      gather()
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
