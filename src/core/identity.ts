import type { AddressPattern } from './address-patterns.ts'
import type { VirtualPath } from './vfs/path.ts'

declare const brand: unique symbol
type Branded<T, B extends string> = T & { readonly [brand]: B }

/** A user's stable id (for YAML users: the name). Made by the user directory only. */
export type UserId = Branded<string, 'UserId'>
/** One connection of one client, unique for the life of the state store. Made by the listener only. */
export type SessionId = Branded<string, 'SessionId'>

export function asUserId(text: string): UserId {
  return text as UserId
}
export function asSessionId(text: string): SessionId {
  return text as SessionId
}

/** `ftp` is cleartext FTP, `ftps` is FTP inside TLS (explicit or implicit), `sftp` is SFTP over SSH. */
export const DOORS = ['ftp', 'ftps', 'sftp'] as const
export type Door = (typeof DOORS)[number]

export const FACTORS = ['password', 'publickey', 'client-cert', 'totp'] as const
export type Factor = (typeof FACTORS)[number]

/** What a permission list grants. `overwrite` also covers truncating and editing an existing file. */
export const ACTIONS = [
  'list',
  'read',
  'create',
  'overwrite',
  'delete',
  'rename',
  'mkdir',
  'rmdir',
  'attributes',
  'link',
] as const
export type Action = (typeof ACTIONS)[number]

/** Where a connection comes from. A control connection that upgrades to TLS gets a new Origin (`door`, `encrypted`). */
export type Origin = Readonly<{
  session: SessionId
  door: Door
  /** Canonical text: IPv4 dotted, or IPv6 lower case; IPv4-mapped addresses are already IPv4. */
  remoteIp: string
  remotePort: number
  localIp: string
  localPort: number
  /** Of link-local IPv6 addresses the interface, without which the system finds nobody at them. */
  zone?: string
  /** Name of the listener in the configuration. */
  listener: string
  /** Which of the listener's names the client asked for; absent when none of them. */
  host?: string
  encrypted: boolean
  /** What the client calls itself; for the audit alone. */
  client?: string
  /** What encrypts the connection, once that is agreed. */
  crypto?: string
}>

export type Permissions = ReadonlySet<Action>

/** A folder of storage that appears at `at` in the user's tree. `location` is for the storage driver alone. */
export type Mount = Readonly<{ at: VirtualPath; location: string; permissions: Permissions }>

export type Limits = Readonly<{
  /** 0 = no limit of that kind. */
  maxSessions: number
  quotaBytes: number
  quotaFiles: number
  /** Of one session, all its transfers together. */
  bytesPerSecond?: Readonly<{ down: number; up: number }>
}>

/** Must a TLS data connection resume the session of its control connection? `prefer` only looks and tells. */
export const TLS_REUSE = ['off', 'prefer', 'require'] as const
export type TlsReuse = (typeof TLS_REUSE)[number]

/** A dated exception under which a user may still log in over cleartext FTP. */
export type Sunset = Readonly<{ plaintextUntil: Date; owner: string; reason: string }>

/** What the options before a key in its line ask for. */
export type KeyLimits = Readonly<{
  /** Undefined: from anywhere. */
  from: readonly AddressPattern[] | undefined
  /** From this moment on the key is not taken. */
  expires: Date | undefined
  /** Security keys: a signature counts without a touch. */
  touchWaived: boolean
  /** Security keys: PIN or fingerprint is asked for as well. */
  verifyRequired: boolean
}>

export type PublicKeyCredential = Readonly<{
  /** `SHA256:` and unpadded base64, as ssh-keygen -l prints it. */
  fingerprint: string
  algorithm: string
  comment: string
  /** The options as they were written; empty = none. */
  options: string
  limits: KeyLimits
}>

/** A key whose certificates count for the user. */
export type AuthorityCredential = PublicKeyCredential &
  Readonly<{
    /** Names of which a certificate must have one; empty = those of the user. */
    principals: readonly string[]
  }>

export type TotpCredential = Readonly<{
  secret: Uint8Array
  algorithm: 'sha1' | 'sha256' | 'sha512'
  digits: number
  periodSeconds: number
}>

/** A user as the directory knows it, secrets included: only `core/auth` may look at `credentials`. */
export type User = Readonly<{
  id: UserId
  name: string
  enabled: boolean
  /** Proves nothing to log in, and may do so on listeners that take anonymous users only. May list and read at most. */
  anonymous: boolean
  expires: Date | undefined
  doors: ReadonlySet<Door>
  /** Names of groups, by which listeners and hosts admit users as they do by name. Absent: in none. */
  groups?: readonly string[]
  /** CIDR texts; empty means any address. */
  allow: readonly string[]
  /** Any one of these chains, proven whole, is a login. Never empty; a chain is never empty. */
  chains: readonly (readonly Factor[])[]
  mounts: readonly Mount[]
  limits: Limits
  sunset: Sunset | undefined
  /** Absent: as the listener says. */
  tlsReuse?: TlsReuse
  credentials: Readonly<{
    passwordHash: string | undefined
    keys: readonly PublicKeyCredential[]
    authorities: readonly AuthorityCredential[]
    /** Names in SSH certificates that stand for the user; empty = the user's own. */
    principals: readonly string[]
    /** TLS client certificates, by SHA-256 fingerprint (lower-case hex) or by subject: see `certificateName`. */
    certificates: readonly string[]
    totp: TotpCredential | undefined
  }>
}>

/** Who a granted session acts for. Carries no secret; safe to log. */
export type Principal = Readonly<{
  user: UserId
  name: string
  origin: Origin
  factors: readonly Factor[]
  mounts: readonly Mount[]
  limits: Limits
  tlsReuse?: TlsReuse
}>
