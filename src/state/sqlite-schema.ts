import type { DatabaseSync } from 'node:sqlite'
import { FileServerError } from '../core/errors.ts'

/** One entry per version of the file: it leads from the version before. Entries are never edited, only added. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE failures (
     key TEXT PRIMARY KEY,
     failures INTEGER NOT NULL,
     since INTEGER NOT NULL,
     locked_until INTEGER NOT NULL,
     expires INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX failures_by_expiry ON failures (expires);
   CREATE TABLE totp_steps (user TEXT PRIMARY KEY, step INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE sessions (session TEXT PRIMARY KEY, user TEXT NOT NULL, instance TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE INDEX sessions_by_user ON sessions (user);
   CREATE TABLE quotas (user TEXT PRIMARY KEY, bytes INTEGER NOT NULL, files INTEGER NOT NULL) STRICT, WITHOUT ROWID;`,
  // Steps had been counted, each user's in their own length; now it is the second in which a step begins. Codes of before count no more.
  `UPDATE totp_steps SET step = unixepoch()`,
  // What had been counted did not say where: it is counted anew.
  `DROP TABLE quotas;
   CREATE TABLE quotas (user TEXT PRIMARY KEY, folders TEXT NOT NULL, bytes INTEGER NOT NULL, files INTEGER NOT NULL)
     STRICT, WITHOUT ROWID;`,
]

function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version)
}

/** Throws `internal` for a version that this release does not know. */
export function refuseNewer(version: number, file: string): void {
  if (version <= MIGRATIONS.length) return
  const known = `this one knows versions up to ${MIGRATIONS.length}`
  throw new FileServerError(
    'internal',
    `State file ${file} was written by a newer release (version ${version}; ${known}). Run that release, or move the file away.`,
  )
}

/** Brings the file to the present version in one transaction; `internal` for one that a newer release has written. */
export function migrate(db: DatabaseSync, file: string): void {
  // The lock is taken before the version is read, so that two processes starting at once do not both migrate.
  db.exec('BEGIN IMMEDIATE')
  try {
    const version = versionOf(db)
    refuseNewer(version, file)
    for (const statements of MIGRATIONS.slice(version)) db.exec(statements)
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`)
    db.exec('COMMIT')
  } catch (error) {
    // A full disk has ended it already.
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}
