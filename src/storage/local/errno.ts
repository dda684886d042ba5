import { type ErrorCode, FileServerError } from '../../core/errors.ts'
import { type MaybePromise, orElse } from '../../core/maybe-promise.ts'

/** What the system's error names mean for a client. Anything not listed is storage.failed. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'path.not-found',
  ELOOP: 'path.not-found',
  ENOTDIR: 'path.not-directory',
  EISDIR: 'path.is-directory',
  EEXIST: 'path.exists',
  ENOTEMPTY: 'path.not-empty',
  ENAMETOOLONG: 'path.invalid',
  EINVAL: 'path.invalid',
  EILSEQ: 'path.invalid',
  EACCES: 'access.denied',
  EPERM: 'access.denied',
  EROFS: 'access.denied',
  ENOSPC: 'storage.full',
  EFBIG: 'storage.full',
  EMLINK: 'storage.full',
  EDQUOT: 'quota.exceeded',
  EMFILE: 'storage.busy',
  ENFILE: 'storage.busy',
  ENOMEM: 'storage.busy',
  EBUSY: 'storage.busy',
  ETXTBSY: 'storage.busy',
  EXDEV: 'storage.unsupported',
  EOPNOTSUPP: 'storage.unsupported',
  ENOTSUP: 'storage.unsupported',
  ENOSYS: 'storage.unsupported',
  ENXIO: 'storage.unsupported',
  ENODEV: 'storage.unsupported',
}

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** The driver's edge: system errors become ours. The cause, which holds paths, is for the operator's log alone. */
export function translate(error: unknown): FileServerError {
  if (error instanceof FileServerError) return error
  const errno = errnoOf(error)
  const code = (errno === undefined ? undefined : CODES[errno]) ?? 'storage.failed'
  return new FileServerError(code, errno ?? 'storage failed', { cause: error })
}

/** As `guarded`, without a promise where `work` needs none. */
export function guardedNow<T>(work: () => MaybePromise<T>): MaybePromise<T> {
  return orElse(work, (error) => {
    throw translate(error)
  })
}

export async function guarded<T>(work: () => MaybePromise<T>): Promise<T> {
  return guardedNow(work)
}

const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/** A file system without hard links, or the kernel's protection of them, said no. */
export function refusesHardLinks(error: unknown): boolean {
  return NO_LINKS.has(errnoOf(error) ?? '')
}

const NO_ATTRIBUTES: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/** Modes and times of a file are not ours to set, or its file system has none. */
export function refusesAttributes(error: unknown): boolean {
  return NO_ATTRIBUTES.has(errnoOf(error) ?? '')
}
