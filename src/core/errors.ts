/**
 * Every way in which the core or a driver can refuse or fail. Each adapter has one total table from these codes
 * to its wire (`ftp/error-map.ts`, `sftp/error-map.ts`); docs/errors.md lists them and a test compares.
 */
export const ERROR_CODES = [
  'path.not-found',
  'path.exists',
  'path.is-directory',
  'path.not-directory',
  'path.not-empty',
  'path.unfinished',
  'path.invalid',
  'access.denied',
  'auth.required',
  'auth.failed',
  'policy.encryption-required',
  'policy.data-encryption-required',
  'quota.exceeded',
  'storage.full',
  'storage.busy',
  'storage.failed',
  'storage.unsupported',
  'transfer.aborted',
  'transfer.no-data-connection',
  'transfer.bad-offset',
  'handle.invalid',
  'session.limit',
  'session.idle',
  'session.draining',
  'protocol.syntax',
  'protocol.unknown',
  'protocol.sequence',
  'internal',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/**
 * The only error that the core and the drivers throw on purpose. `message` is for the operator's log; it never
 * goes on the wire, where the adapter's table decides the text. Drivers put the cause (errno and so on) into `cause`.
 */
export class FileServerError extends Error {
  override readonly name = 'FileServerError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string = code, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** The code of whatever was thrown; anything that is not ours is `internal`. */
export function errorCodeOf(error: unknown): ErrorCode {
  return error instanceof FileServerError ? error.code : 'internal'
}
