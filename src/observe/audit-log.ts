import { closeSync, mkdirSync, openSync, write } from 'node:fs'
import { dirname } from 'node:path'
import type { AuditEvent } from '../core/audit/events.ts'
import type { AuditSink, Clock, Logger } from '../core/ports.ts'

export type AuditLog = AuditSink & {
  /** So much waits for the disk that nobody else should be let in: what they do could not be kept. */
  readonly behind: boolean
  /** Opens the file anew, after a log rotation moved it. */
  reopen(): Promise<void>
  close(): Promise<void>
}

/** How long to wait before a failed write is tried again; nothing is dropped meanwhile. */
const RETRY_MS = 1000
/** Bytes of waiting lines: an hour's worth of a busy server, and no burden for its memory. */
const MAX_WAITING = 16 * 1024 * 1024

/**
 * Appends one JSON object per line, in the order of `record`. Lines wait in memory while a write is under way, and
 * are kept and tried again when the disk refuses them. Throws if the file cannot be opened.
 */
export function createAuditLog(file: string, deps: { clock: Clock; logger: Logger }): AuditLog {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  let fd = openSync(file, 'a', 0o600)
  let waiting: Buffer[] = []
  let waitingLength = 0
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
    while (waiting.length > 0) {
      const bytes = Buffer.concat(waiting)
      waiting = []
      await persist(bytes)
      waitingLength -= bytes.length
    }
    writing = undefined
  }

  async function flush(): Promise<void> {
    while (writing !== undefined) await writing
  }

  return {
    get behind() {
      return waitingLength > MAX_WAITING
    },
    record(event: AuditEvent) {
      const line = Buffer.from(`${JSON.stringify(event)}\n`)
      waiting.push(line)
      waitingLength += line.length
      // Lines of one turn go out as one write.
      writing ??= Promise.resolve().then(drain)
    },
    flush,
    async reopen() {
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
