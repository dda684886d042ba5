import type { X509Certificate } from 'node:crypto'
import type { Config, ListenerConfig } from '../config/schema.ts'
import type { TotpVerifier } from '../core/auth/totp.ts'
import type { Door, Factor, TotpCredential, User } from '../core/identity.ts'
import type { Policy } from '../core/policy/decide.ts'
import type { StateStore } from '../core/ports.ts'

/** A listener that is bound. `port` is the real one, also where the configuration says 0. */
export type BoundListener = Readonly<{
  name: string
  door: 'ftp' | 'sftp'
  tls: 'explicit' | 'implicit' | undefined
  cleartext: boolean
  address: string
  port: number
}>

/** A server that serves. Whoever started it stops it. */
export type RunningServer = {
  readonly listeners: readonly BoundListener[]
  /** Takes over what can change while running and names it; the rest of what `read` gives waits for a restart. */
  reload(read: () => Promise<Config>): Promise<readonly string[]>
  /** Resolves when no connection is left. `drain` lets running transfers end within the configured time. */
  stop(how: 'drain' | 'now'): Promise<void>
}

/** What a new user starts with. Absent parts take the defaults of the users file. */
export type NewUser = Readonly<{
  name: string
  passwordHash?: string
  totp?: TotpCredential
  /** Lines as in a `.pub` file. */
  keys?: readonly string[]
  /** Absent: each credential alone is a login. */
  chains?: readonly (readonly Factor[])[]
  doors?: readonly Door[]
  groups?: readonly string[]
  allow?: readonly string[]
  home?: string
  /** Actions, or the name of a ready-made set of them. */
  permissions?: readonly string[] | string
  /** As typed: a day, which counts to its end, or a moment. */
  expires?: string
}>

/** A change of one user, as data, so that each is one atomic edit of the users file. */
export type UserChange =
  | { type: 'password'; hash: string }
  | { type: 'enabled'; enabled: boolean }
  | { type: 'totp'; credential: TotpCredential | undefined }
  | { type: 'key-add'; line: string }
  | { type: 'key-remove'; fingerprint: string }
  /** By fingerprint or subject. */
  | { type: 'certificate-add'; certificate: string }
  | { type: 'certificate-remove'; certificate: string }

/**
 * The users file. Reading throws OperatorError with all problems of the file. Edits keep comments and order, lose no
 * other writer's edit, and reject what would not load; problems that were there before do not stand in their way.
 */
export type UserStore = {
  list(): Promise<readonly User[]>
  /** Whether the file has the name, even when it has problems that keep its users from loading. */
  has(name: string): Promise<boolean>
  find(name: string): Promise<User | undefined>
  /** What works but should be mended, each with its place and remedy. */
  warnings(): Promise<readonly string[]>
  /** What is wrong with it by itself, as sentences that show what was typed: before any secret is asked for. */
  problemsOf(user: NewUser): readonly string[]
  /** Throws OperatorError when the name is taken or the users file could not be loaded with the user in it. */
  add(user: NewUser): Promise<void>
  /** Throws OperatorError when nobody has the name. */
  change(name: string, change: UserChange): Promise<void>
  remove(name: string): Promise<void>
}

/** Of one listener, which asks for client certificates. Authorities are named by their subjects. */
export type LoadedClientTrust = Readonly<{
  caFile: string
  /** Those below another one that is not in the file. */
  rootless: readonly string[]
  revocations?: Readonly<{
    file: string
    /** Undefined: the list does not say when it runs out. */
    end: Date | undefined
    /** Those of which there is no list. */
    unlisted: readonly string[]
  }>
}>
/** `unnamed`: hosts of listeners that show the certificate, though it is not for that name. */
export type LoadedCertificate = Readonly<{ file: string; leaf: X509Certificate; unnamed: readonly string[] }>
export type HostKey = Readonly<{ algorithm: string; fingerprint: string }>

/** Texts as ssh-keygen writes them. */
export type NewHostKey = Readonly<{ privateKey: string; publicKey: string }>

/** An optional part in machine code, and whether it will be used. */
export type NativePart = Readonly<{
  name: string
  state: 'present' | 'absent' | 'off'
  /** What it costs to be without it. */
  without: string
}>

/** What the verbs need of the composition root. The state is closed by the verb that opened it. */
export type AppServices = Readonly<{
  version: string
  /** One line each: an optional native part, and what its absence costs. */
  nativeParts(config: Config): readonly NativePart[]
  /** Binds every listener or none; throws OperatorError or a system error when something is in the way. */
  start(config: Config): Promise<RunningServer>
  /** Needs no closing: it holds nothing open between two calls. */
  openUsers(config: Config): Promise<UserStore>
  openState(config: Config): Promise<StateStore>
  /** Throws OperatorError, or what becomes one, for a state file that could not be opened. Changes nothing. */
  examineState(config: Config): Promise<void>
  policy(config: Config): Policy
  /** What a client can prove there, on its way through that door. */
  canProve(listener: ListenerConfig, door: Door): ReadonlySet<Factor>
  /** Reads one-time codes as the server does; consumes none. */
  totpVerifier(config: Config): TotpVerifier
  /** Throws OperatorError for a key that cannot be used. */
  loadHostKeys(config: Config): Promise<readonly HostKey[]>
  /**
   * The certificates that listeners show, and the authorities of their clients. Throws OperatorError when a file cannot
   * be used, or a key is not its certificate's.
   */
  loadCertificates(config: Config): Promise<readonly LoadedCertificate[]>
  /** Whose client certificates count, after `loadCertificates` has found the files usable. */
  loadClientTrust(config: Config): Promise<readonly LoadedClientTrust[]>
  /** Throws OperatorError for a banner file that cannot be shown. */
  loadBanners(config: Config): Promise<void>
  /** Throws OperatorError for a file of SSH authorities or a revocation list that cannot be used. */
  loadKeyTrust(config: Config): Promise<void>
  makeHostKey(kind: 'ed25519' | 'rsa'): Promise<NewHostKey>
  /** What a new `users.secretsKeyFile` holds. */
  makeSecretsKey(): string | Uint8Array
  /** A users file without users, with comments that say how one is written. */
  emptyUsersFile(): Promise<string>
}>
