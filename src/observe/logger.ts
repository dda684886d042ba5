import { closeSync } from 'node:fs'
import pino from 'pino'
import type { Logger } from '../core/ports.ts'
import { openForLines } from './line-file.ts'

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export type LogFile = Logger & {
  /** Opens the file anew, after a log rotation moved it. Throws the system's error, and then the old one stays. */
  reopen(): void
  close(): Promise<void>
}

/** The one list of what must never be read in a log, wherever in the fields it stands. */
const SECRET_FIELDS = ['password', 'secret', 'passwordHash', 'token', 'privateKey', 'totp']

/** Characters that wait for a disk that takes none; what comes on top is lost. */
const MAX_WAITING = 4 * 1024 * 1024

/** pino opens files behind our back and tells nobody why it could not: an open of our own does. */
function proveOpen(file: string | undefined): void {
  if (file !== undefined) closeSync(openForLines(file))
}

/**
 * JSON lines to a file (made if missing, mode 0600), or to standard output when `file` is undefined. Throws the system's
 * error for a file that cannot be opened.
 */
export function createLogger(options: { file: string | undefined; level: LogLevel }): LogFile {
  proveOpen(options.file)
  const destination = pino.destination({
    dest: options.file ?? 1,
    sync: false,
    mode: 0o600,
    maxLength: MAX_WAITING,
  })
  // A full disk must not end the server: lines wait, and are lost at last, until there is room again.
  destination.on('error', () => undefined)
  const logger = pino(
    {
      level: options.level,
      base: null,
      redact: {
        paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '[redacted]',
      },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    destination,
  )
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    reopen: () => {
      if (options.file === undefined) return
      proveOpen(options.file)
      destination.reopen()
    },
    close: () =>
      new Promise((resolve) => {
        destination.once('close', () => resolve())
        // A disk that takes nothing must not keep the server from ending: what pino does at the exit would try for ever.
        destination.once('error', () => {
          destination.destroy()
          resolve()
        })
        destination.end()
      }),
  }
}
