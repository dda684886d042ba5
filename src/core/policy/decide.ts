import type { Factor, Origin, User } from '../identity.ts'

/** Why a login or a connection was refused. For the audit and `sallyport explain` only; never on the wire. */
export const DENY_REASONS = [
  'address-denied',
  'address-locked',
  'too-many-connections',
  'unknown-user',
  'user-disabled',
  'user-expired',
  'user-locked',
  'door-not-allowed',
  'listener-not-allowed',
  'address-not-allowed-for-user',
  'encryption-required',
  'wrong-password',
  'wrong-code',
  'replayed-code',
  'unknown-key',
  'unsupported-key',
  'bad-signature',
  'key-expired',
  'key-revoked',
  'address-not-allowed-for-key',
  'touch-missing',
  'verification-missing',
  'unknown-authority',
  'certificate-malformed',
  'certificate-unsupported',
  'certificate-forged',
  'certificate-not-yet-valid',
  'certificate-expired',
  'principal-not-allowed',
  'unknown-certificate',
  'factor-not-in-chain',
  'factors-missing',
  'too-many-sessions',
  'overloaded',
  'draining',
  'failed-inside',
] as const
export type DenyReason = (typeof DENY_REASONS)[number]

/**
 * Everything a decision may look at. `connection` is asked at accept, before any protocol byte; `identify` when a name
 * is claimed, before a password is looked at; `grant` when the factors are proven. A later stage asks the earlier
 * stages' rules again, so that a reload in between counts.
 */
export type Facts = Readonly<{
  stage: 'connection' | 'identify' | 'grant'
  origin: Pick<Origin, 'door' | 'remoteIp' | 'listener' | 'host' | 'encrypted'>
  /** Milliseconds since the epoch; 0 = not locked. */
  addressLockedUntil: number
  /** Undefined with a claimed name means that nobody has it. Ignored at stage `connection`. */
  user: User | undefined
  userLockedUntil: number
  proven: readonly Factor[]
}>

/** Names of users who may log in; empty = any user. */
export type Admission = Readonly<{
  /** Names of users, and of groups as `groupEntry` writes them. */
  users: ReadonlySet<string>
  /** By the name the client asked for. An empty list there stands for `users`. */
  hosts: ReadonlyMap<string, ReadonlySet<string>>
}>

/** The settings the rules read; app.ts makes it from the configuration. CIDR texts, IPv4 or IPv6. */
export type PolicySettings = Readonly<{
  /** Empty = any address. */
  allow: readonly string[]
  deny: readonly string[]
  /** Names of listeners on which cleartext logins may happen at all. */
  cleartextListeners: ReadonlySet<string>
  /** Names of listeners that take anonymous users. */
  anonymousListeners: ReadonlySet<string>
  /** By the listener's name; one that is absent takes any user. */
  admissions: ReadonlyMap<string, Admission>
}>

/** One asked rule. `why` is a sentence for the operator. */
export type TrailRow = Readonly<{ rule: string; verdict: 'pass' | 'deny' | 'skip'; why: string }>

export type Decision =
  | Readonly<{ allow: true; trail: readonly TrailRow[] }>
  | Readonly<{ allow: false; reason: DenyReason; rule: string; trail: readonly TrailRow[] }>

/** The one place that allows. Pure: the same facts and time give the same answer. */
export type Policy = { decide(facts: Facts, now: Date): Decision }
