import { closeSync, fchmodSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { FileServerError } from '../core/errors.ts'
import { migrate } from './sqlite-schema.ts'

/** How long a statement waits for another process that is writing. */
const BUSY_TIMEOUT_MS = 5000
const MODE = 0o600
const FOLDER_MODE = 0o700

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
    if (check !== 'ok') throw new Error(String(check))
    migrate(db, file)
    return db
  } catch (error) {
    db?.close()
    if (error instanceof FileServerError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new FileServerError('internal', `State file ${file} cannot be used: ${why}.`, { cause: error })
  }
}
