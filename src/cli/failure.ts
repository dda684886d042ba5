import { userInfo } from 'node:os'
import { FileServerError } from '../core/errors.ts'

/**
 * A mistake or a condition that the operator can mend. `message` says what is wrong, `remedy` what to do about it;
 * both are shown, a stack trace is not.
 */
export class OperatorError extends Error {
  override readonly name = 'OperatorError'
  readonly remedy: string

  constructor(message: string, remedy: string, options?: { cause?: unknown }) {
    super(message, options)
    this.remedy = remedy
  }
}

/** The command line itself is wrong: exit code 2. */
export class UsageError extends OperatorError {}

export const EXIT_OK = 0
export const EXIT_FAILED = 1
export const EXIT_USAGE = 2

type SystemError = Error & { code: string; syscall: string; path?: string }

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error
}

/** Whose rights count; by its number where it has no name, as in many containers. */
function account(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.())
  }
}

/** As a shell reads it back. */
function quoted(path: string): string {
  return /^[\w./@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}

function denied({ path, syscall }: SystemError): OperatorError | undefined {
  if (path === undefined) return undefined
  if (syscall === 'mkdir') {
    return new OperatorError(
      `The folder ${path} cannot be made by ${account()}, the account that runs this command.`,
      `Make it (\`sudo install -d -m 0700 -o ${account()} ${quoted(path)}\`), or name another.`,
    )
  }
  return new OperatorError(
    `${path} may not be used by ${account()}, the account that runs this command.`,
    `If nothing else needs it, make that account its owner (\`sudo chown ${account()} ${quoted(path)}\`); else name another ` +
      'place, or run the command as the account that may use this one.',
  )
}

const SYSTEM_REMEDIES: Readonly<Record<string, (error: SystemError) => OperatorError | undefined>> = {
  EACCES: denied,
  ENOENT: (e) => new OperatorError(`${e.path} does not exist.`, 'Correct the path, or put the file there.'),
  EISDIR: (e) =>
    e.path === undefined
      ? undefined
      : new OperatorError(`${e.path} is a folder.`, 'Name the file in it that is meant.'),
  ENOTDIR: (e) =>
    e.path === undefined
      ? undefined
      : new OperatorError(`${e.path} cannot be there: what stands above it is a file.`, 'Correct the path.'),
  ENOSPC: (e) =>
    new OperatorError(
      `No space is left to write ${e.path ?? 'a file'}.`,
      'Free some disk space and run it again.',
    ),
  EROFS: (e) =>
    new OperatorError(
      `${e.path} is on a read-only file system.`,
      'Run the command where its files can be written.',
    ),
}

function fromSystem(error: SystemError): OperatorError | undefined {
  return SYSTEM_REMEDIES[error.code === 'EPERM' ? 'EACCES' : error.code]?.(error)
}

/** What to tell the operator about anything that was thrown; undefined for a defect of the program itself. */
export function toOperatorError(error: unknown): OperatorError | undefined {
  if (error instanceof OperatorError) return error
  if (isSystemError(error)) return fromSystem(error)
  if (!(error instanceof Error)) return undefined
  const cause = toOperatorError(error.cause)
  if (!(error instanceof FileServerError)) return cause
  // Its message was written for the operator's log; the remedy depends on what lies behind it.
  return new OperatorError(error.message, cause?.remedy ?? 'Mend that, then run the command again.', {
    cause: error,
  })
}
