import { type ErrorCode, errorCodeOf, FileServerError } from './errors.ts'
import type { Logger } from './ports.ts'

/** With a cause these are the system's word; those of our rules have none. */
const OF_THE_SYSTEM: ReadonlySet<ErrorCode> = new Set(['access.denied', 'quota.exceeded', 'storage.busy'])

/** The storage failed at what our rules allow: the operator has something to mend, and the client is not told what. */
export function isStorageTrouble(error: unknown): boolean {
  if (!(error instanceof FileServerError)) return false
  if (error.code === 'storage.full' || error.code === 'storage.failed') return true
  return OF_THE_SYSTEM.has(error.code) && error.cause !== undefined
}

/** Tells the operator of each kind of trouble once a session: clients try again and again. */
export class StorageTroubles {
  readonly #told = new Set<ErrorCode>()

  tell(logger: Logger, about: object, error: unknown): void {
    const code = errorCodeOf(error)
    if (this.#told.has(code)) return
    this.#told.add(code)
    logger.warn({ ...about, code, err: error }, 'the storage refuses what the user may do')
  }
}
