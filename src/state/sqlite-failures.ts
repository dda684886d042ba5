import type { DatabaseSync } from 'node:sqlite'
import type { FailureRecord, StateStore } from '../core/ports.ts'
import { writtenRow } from './sqlite-written.ts'

/** Keys remembered at most; beyond it those that would be forgotten first go, locked ones last. */
const MAX_KEYS = 100_000
/** Failures between two sweeps of what has expired. */
const SWEEP_EVERY = 1000

// A lock that has run out, or a window that has: the next failure is the first again.
const OVER = `(CASE WHEN locked_until > 0 THEN locked_until <= :now ELSE since + :window <= :now END)`
const COUNT = `(CASE WHEN ${OVER} THEN 1 ELSE failures + 1 END)`
const SINCE = `(CASE WHEN ${OVER} THEN :now ELSE since END)`
const LOCK = `(CASE
  WHEN locked_until > :now THEN locked_until
  WHEN :after > 0 AND ${COUNT} >= :after THEN :now + :lock
  ELSE 0 END)`

const RECORD = `
  INSERT INTO failures (key, failures, since, locked_until, expires)
  VALUES (:key, 1, :now, iif(:after = 1, :now + :lock, 0), :now + iif(:after = 1, :lock, :window))
  ON CONFLICT (key) DO UPDATE SET
    failures = ${COUNT}, since = ${SINCE}, locked_until = ${LOCK}, expires = max(${LOCK}, ${SINCE} + :window)
  RETURNING failures, locked_until`

const TRIM = `
  DELETE FROM failures WHERE key IN (
    SELECT key FROM failures ORDER BY locked_until > :now DESC, expires DESC LIMIT -1 OFFSET :keep)`

export type FailureMethods = Pick<StateStore, 'recordFailure' | 'lockedUntil' | 'clearFailures'>

export function createFailures(db: DatabaseSync, maxKeys: number = MAX_KEYS): FailureMethods {
  const record = db.prepare(RECORD)
  const read = db.prepare('SELECT locked_until FROM failures WHERE key = ? AND locked_until > ?')
  const clear = db.prepare('DELETE FROM failures WHERE key = ?')
  const expire = db.prepare('DELETE FROM failures WHERE expires <= ?')
  const trim = db.prepare(TRIM)
  const every = Math.min(SWEEP_EVERY, maxKeys)
  let untilSweep = 1

  const sweep = (now: number): void => {
    untilSweep -= 1
    if (untilSweep > 0) return
    untilSweep = every
    expire.run(now)
    trim.run({ now, keep: maxKeys })
  }

  return {
    recordFailure: async (key, now, { after, windowMs, lockMs }): Promise<FailureRecord> => {
      const row = writtenRow(record, { key, now, after, window: windowMs, lock: lockMs })
      sweep(now)
      return { failures: Number(row?.failures), lockedUntil: Number(row?.locked_until) }
    },
    lockedUntil: async (key, now) => Number(read.get(key, now)?.locked_until ?? 0),
    clearFailures: async (key) => clear.run(key).changes > 0,
  }
}
