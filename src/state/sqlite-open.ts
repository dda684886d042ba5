import { closeSync, fchmodSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { FileServerError } from '../core/errors.ts'
import { migrate } from './sqlite-schema.ts'

/** How long a statement waits for another process that is writing. */
const BUSY_TIMEOUT_MS = 5000
const MODE = 0o600
const FOLDER_MODE = 0o700

/** SQLite's result codes for a file that is damaged or none of its own. */
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26
const DAMAGED: readonly unknown[] = [SQLITE_CORRUPT, SQLITE_NOTADB]
const REPLACE =
  'Restore it, or move it away with its -wal and -shm files: locks, used codes and quota counts then begin anew.'

/** As SQLite puts it, for whoever has not asked it. */
export function notADatabase(file: string): FileServerError {
  return new FileServerError(
    'internal',
    `State file ${file} cannot be used: file is not a database. ${REPLACE}`,
  )
}

/** SQLite gives its -wal and -shm files the mode of the main file, so that one call guards all three. */
function reserve(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: FOLDER_MODE })
  const descriptor = openSync(file, 'a', MODE)
  try {
    fchmodSync(descriptor, MODE)
  } finally {
    closeSync(descriptor)
  }
}

/** A crash left the log full: on a full disk it cannot grow, but once it is worked into the file its room is used again. */
function workIn(db: DatabaseSync): void {
  try {
    db.exec('PRAGMA wal_checkpoint(PASSIVE)')
  } catch {
    // What follows will say so, if it matters.
  }
}

/**
 * Opens or makes the state file. `internal` with a sentence for the operator when it cannot be opened, is no database or
 * is damaged. A loss of power may undo the last moments, never damage the file (WAL with synchronous=NORMAL).
 */
export function openDatabase(file: string): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    reserve(file)
    db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS })
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;')
    const check = db.prepare('PRAGMA quick_check(1)').get()?.quick_check
    if (check !== 'ok') throw Object.assign(new Error(String(check)), { errcode: SQLITE_CORRUPT })
    workIn(db)
    migrate(db, file)
    return db
  } catch (error) {
    db?.close()
    if (error instanceof FileServerError) throw error
    const why = `State file ${file} cannot be used: ${error instanceof Error ? error.message : String(error)}.`
    const damaged = error instanceof Error && 'errcode' in error && DAMAGED.includes(error.errcode)
    throw new FileServerError('internal', damaged ? `${why} ${REPLACE}` : why, { cause: error })
  }
}
