import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import pino from 'pino'
import type { Logger } from '../core/ports.ts'

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export type LogFile = Logger & {
  /** Opens the file anew, after a log rotation moved it. */
  reopen(): void
  close(): Promise<void>
}

/** The one list of what must never be read in a log, wherever in the fields it stands. */
const SECRET_FIELDS = ['password', 'secret', 'passwordHash', 'token', 'privateKey', 'totp']

/** JSON lines to a file (made if missing, mode 0600), or to standard output when `file` is undefined. */
export function createLogger(options: { file: string | undefined; level: LogLevel }): LogFile {
  if (options.file !== undefined) mkdirSync(dirname(options.file), { recursive: true, mode: 0o700 })
  const destination = pino.destination({ dest: options.file ?? 1, sync: false, mode: 0o600 })
  // A full disk must not end the server: lines are lost until there is room again.
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
      if (options.file !== undefined) destination.reopen()
    },
    close: () =>
      new Promise((resolve) => {
        destination.once('close', () => resolve())
        destination.end()
      }),
  }
}
