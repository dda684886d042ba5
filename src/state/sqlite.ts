import type { DatabaseSync } from 'node:sqlite'
import { FileServerError } from '../core/errors.ts'
import type { SessionId } from '../core/identity.ts'
import type { StateStore } from '../core/ports.ts'
import { createFailures } from './sqlite-failures.ts'
import { openDatabase } from './sqlite-open.ts'
import { createQuotas } from './sqlite-quotas.ts'
import { reserveRoom } from './sqlite-reserve.ts'

export type SqliteStateSettings = Readonly<{
  file: string
  /**
   * Names the run of the server: all its workers give the same. Sessions that another run left behind are cleared at
   * open. Undefined for a helper beside the server, such as a CLI verb: it touches no sessions.
   */
  instance: string | undefined
}>

const OPEN_SESSION = `
  INSERT INTO sessions (session, user, instance)
  SELECT :session, :user, :instance
  WHERE :max = 0 OR (SELECT count(*) FROM sessions WHERE user = :user) < :max
  ON CONFLICT (session) DO NOTHING`

const CONSUME_STEP = `
  INSERT INTO totp_steps (user, step) VALUES (:user, :step)
  ON CONFLICT (user) DO UPDATE SET step = excluded.step WHERE excluded.step > totp_steps.step`

/** SQLite's result codes IOERR and FULL: a write was refused, or was only done in part. */
const NO_ROOM: readonly number[] = [10, 13]

function isFull(error: unknown): boolean {
  const code: unknown = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  // The higher bits only say more about it.
  return typeof code === 'number' && NO_ROOM.includes(code & 0xff)
}

/**
 * Sessions that a crash ended. What their uploads had charged was never settled with what they left: their users' files are
 * counted anew.
 */
function clearLeftBehind(db: DatabaseSync, instance: string): void {
  db.prepare('DELETE FROM quotas WHERE user IN (SELECT user FROM sessions WHERE instance <> ?)').run(instance)
  db.prepare('DELETE FROM sessions WHERE instance <> ?').run(instance)
}

type Guard = <A extends readonly unknown[], R>(work: (...args: A) => Promise<R>) => (...args: A) => Promise<R>

/**
 * Turns what SQLite throws into our error; the store's callers know no other. On a full disk the log is worked into the file
 * and the call tried once more: the log cannot grow, but uses its room again, so that who fills the disk keeps nobody out.
 */
function createGuard(db: DatabaseSync): Guard {
  return (work) =>
    async (...args) => {
      try {
        return await work(...args).catch((error: unknown) => {
          if (!isFull(error)) throw error
          db.exec('PRAGMA wal_checkpoint(PASSIVE)')
          return work(...args)
        })
      } catch (error) {
        throw new FileServerError('internal', 'The state file cannot be read or written.', { cause: error })
      }
    }
}

type SessionMethods = Pick<StateStore, 'consumeTotpStep' | 'openSession' | 'closeSession' | 'countSessions'>

function createSessions(db: DatabaseSync, instance: string): SessionMethods {
  const consume = db.prepare(CONSUME_STEP)
  const open = db.prepare(OPEN_SESSION)
  const close = db.prepare('DELETE FROM sessions WHERE session = ?')
  const count = db.prepare('SELECT count(*) AS count FROM sessions WHERE user = ?')
  /** Sessions that are over. Those that a full disk keeps from being deleted must not count against their user when it has room again. */
  const over = new Set<SessionId>()
  const settle = (): void => {
    for (const session of over) {
      close.run(session)
      over.delete(session)
    }
  }
  return {
    consumeTotpStep: async (user, step) => consume.run({ user, step }).changes > 0,
    openSession: async (user, session, max) => {
      settle()
      return open.run({ user, session, max, instance }).changes > 0
    },
    closeSession: async (session) => {
      over.add(session)
      settle()
    },
    countSessions: async (user) => Number(count.get(user)?.count),
  }
}

/**
 * The truth of one machine in one file (made with mode 0600), shared by every process that opens it; survives a restart.
 * Each method is one statement, hence atomic. Opening throws `internal` with a sentence for the operator; a method
 * rejects with `internal` when the file fails.
 */
export function createSqliteStateStore({ file, instance }: SqliteStateSettings): StateStore {
  const db = openDatabase(file)
  if (instance !== undefined) {
    clearLeftBehind(db, instance)
    reserveRoom(db)
  }
  const failures = createFailures(db)
  const sessions = createSessions(db, instance ?? '')
  const quotas = createQuotas(db)
  const guarded = createGuard(db)
  const closeSession = guarded(sessions.closeSession)
  const pay = guarded(quotas.pay)
  /** What the file does not take now it takes later: it is done, and nobody could undo it. */
  const payLater = () => pay().catch(() => undefined)
  let open = true
  return {
    recordFailure: guarded(failures.recordFailure),
    lockedUntil: guarded(failures.lockedUntil),
    clearFailures: guarded(failures.clearFailures),
    consumeTotpStep: guarded(sessions.consumeTotpStep),
    openSession: guarded(sessions.openSession),
    closeSession: async (session) => {
      // A crash has the user's files counted anew only while the session stands in the file.
      await payLater()
      await closeSession(session)
    },
    countSessions: guarded(sessions.countSessions),
    quotaUsage: guarded(quotas.quotaUsage),
    initQuotaUsage: guarded(quotas.initQuotaUsage),
    chargeQuota: guarded(quotas.chargeQuota),
    settleQuota: async (account, delta) => {
      quotas.owe(account, delta)
      await payLater()
    },
    forgetQuota: guarded(quotas.forgetQuota),
    close: async () => {
      if (!open) return
      open = false
      await payLater()
      db.close()
    },
  }
}
