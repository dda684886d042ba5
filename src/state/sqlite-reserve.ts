import type { DatabaseSync } from 'node:sqlite'

/** Enough for the logins, sessions and failures of some hours, and for the largest of all transactions. */
const ROOM_BYTES = 256 * 1024

/**
 * Makes the file and its log larger than what is in them, while there is room on the disk: both are then written in place when
 * a user has filled it. Does without where the disk is full already.
 */
export function reserveRoom(db: DatabaseSync): void {
  try {
    db.exec(`
      CREATE TABLE IF NOT EXISTS room (bytes BLOB);
      INSERT INTO room VALUES (zeroblob(${ROOM_BYTES}));
      DROP TABLE room;
      PRAGMA wal_checkpoint(PASSIVE)`)
  } catch {
    // What follows will say so, if it matters.
  }
}
