import type { AuditContext, AuditDetail } from './audit/events.ts'
import type { SessionId, User, UserId } from './identity.ts'

/** A timer that can be pushed back cheaply, until it has gone off, which it does once; used for idle and grace limits. Cancel is idempotent. */
export type Timer = { refresh(): void; cancel(): void }

/** The only source of time. `now` is milliseconds since the epoch, `monotonic` milliseconds that never go back. */
export type Clock = {
  now(): number
  monotonic(): number
  /** Rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls `fn` once after `ms`, unless cancelled; never keeps the process alive. */
  timer(ms: number, fn: () => void): Timer
}

/** Where users come from. `find` is by exact login name and gives undefined for an unknown one, never throws for it. */
export type UserDirectory = {
  find(name: string): Promise<User | undefined>
  list(): Promise<readonly User[]>
  /** Replaces a hash after a good login, only if the stored hash still is `oldHash`. False: it was not; failure is logged, not thrown. */
  replacePasswordHash(user: UserId, oldHash: string, newHash: string): Promise<boolean>
  /** Called after a reload with the ids whose record changed or vanished. Returns the unsubscribe function. */
  onChange(listener: (changed: readonly UserId[]) => void): () => void
  close(): Promise<void>
}

/** Verifies one family of password hashes that node:crypto does not know, such as `$6$`. */
export type ForeignHash = {
  /** True when the stored text is of this family. */
  matches(stored: string): boolean
  verify(stored: string, secret: string): Promise<boolean>
}

export type LockRule = Readonly<{
  /** Failures within `windowMs` that lock the key; 0 = never. */
  after: number
  windowMs: number
  lockMs: number
}>

export type FailureRecord = Readonly<{ failures: number; lockedUntil: number }>

export type QuotaUsage = Readonly<{ bytes: number; files: number }>

/** Whose files are counted, and in which folders: a count of other folders is none. */
export type QuotaAccount = Readonly<{ user: UserId; folders: string }>

/**
 * Shared truth. Each method is one atomic statement, so that several workers or nodes agree; times are milliseconds
 * since the epoch from the caller's clock. Keys are opaque texts such as `user:alice` or `address:192.0.2.1`.
 */
export type StateStore = {
  recordFailure(key: string, now: number, rule: LockRule): Promise<FailureRecord>
  /** 0 when the key is not locked at `now`. */
  lockedUntil(key: string, now: number): Promise<number>
  /** Clears failures and any lock. True when there was something to clear. */
  clearFailures(key: string): Promise<boolean>
  /**
   * True exactly once per user and moment, and only for moments after every one consumed before. `startSeconds` is when the
   * code's step began, since the epoch: a user's steps can get another length.
   */
  consumeTotpStep(user: UserId, startSeconds: number): Promise<boolean>
  /** False when the user already has `max` open sessions (0 = no limit). */
  openSession(user: UserId, session: SessionId, max: number): Promise<boolean>
  closeSession(session: SessionId): Promise<void>
  countSessions(user: UserId): Promise<number>
  /** Undefined until `initQuotaUsage` has been called for it, and again after a crash in one of the user's sessions. */
  quotaUsage(account: QuotaAccount): Promise<QuotaUsage | undefined>
  /** Sets the usage if none is known yet, and returns what is stored afterwards. What is known of other folders goes. */
  initQuotaUsage(account: QuotaAccount, usage: QuotaUsage): Promise<QuotaUsage>
  /**
   * Adds the deltas (may be negative; never below 0) unless a positive delta would pass its maximum (0 = none). While nothing
   * is known there is nothing to add to, and true.
   */
  chargeQuota(account: QuotaAccount, delta: QuotaUsage, max: QuotaUsage): Promise<boolean>
  /** Adds what is a fact already: never refused, and never lost. Where it cannot be written now, it is later. */
  settleQuota(account: QuotaAccount, delta: QuotaUsage): Promise<void>
  /** What the user does is no longer counted, so that what is known becomes wrong. */
  forgetQuota(user: UserId): Promise<void>
  close(): Promise<void>
}

/**
 * Append-only: each call is one AuditEvent, in its parts. One session gives the same `context` again and again, so that it
 * need be put into words only once; neither it nor `detail` ever changes. `record` never throws and never waits for the disk; `flush` resolves when all before it
 * is written.
 */
export type AuditSink = {
  record(at: number, context: AuditContext, detail: AuditDetail): void
  flush(): Promise<void>
}

/** The operator's log. Secrets are redacted by path in observe/logger.ts, nowhere else. */
export type Logger = {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
