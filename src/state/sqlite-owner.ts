import { chmodSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { FileServerError } from '../core/errors.ts'

const FOLDER_MODE = 0o700
const MODE = 0o600
/** SQLite's result code when somebody else holds the lock. */
const SQLITE_BUSY = 5

/** Held until released, or until the process is gone, however it went: the system drops its locks then. */
export type StateOwnership = { release(): void }

/**
 * Makes this server the only one on a state file: another would take the first one's sessions for left-behind ones and
 * clear them. The lock is SQLite's own, on an empty file beside it. Throws `internal` with a sentence for the operator
 * when another server has it.
 */
export function ownState(file: string): StateOwnership {
  const lock = `${file}.owner`
  let db: DatabaseSync | undefined
  try {
    mkdirSync(dirname(lock), { recursive: true, mode: FOLDER_MODE })
    db = new DatabaseSync(lock, { timeout: 0 })
    db.exec('BEGIN EXCLUSIVE')
    chmodSync(lock, MODE)
    const held = db
    return { release: () => held.close() }
  } catch (error) {
    db?.close()
    const busy = error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
    const why = busy
      ? `State file ${file} is in use by another server. Stop that one, or give this one a \`state.file\` of its own.`
      : `State file ${file} cannot be locked: ${error instanceof Error ? error.message : String(error)}. The server must be able to write to ${lock} and its folder.`
    throw new FileServerError('internal', why, { cause: error })
  }
}
