import type { Auditor } from '../audit/auditor.ts'
import type { Principal } from '../identity.ts'
import type { Policy } from '../policy/decide.ts'
import type { Clock, StateStore, UserDirectory } from '../ports.ts'
import type { SessionRegistry } from '../sessions.ts'
import type { VfsSession } from '../vfs/session.ts'
import type { KeyTrust } from './key-rules.ts'
import type { PasswordHasher } from './password.ts'
import type { LockoutRules } from './throttle.ts'
import type { TotpVerifier } from './totp.ts'

export type LoginSettings = Readonly<{
  /** A refusal takes at least this long from the start of the offer, whatever the reason. */
  failureDelayMs: number
  /** The delay doubles with each refusal on a connection or to an address, up to this; less than the delay = never. */
  failureDelayMaxMs: number
  /** Refusals on one connection after which it is to be closed. */
  attemptsPerConnection: number
  /** Whether a password may carry a one-time code at its end. */
  appendedCode: boolean
  lockout: LockoutRules
}>

export type AuthenticatorDeps = Readonly<{
  users: UserDirectory
  state: StateStore
  policy: Policy
  clock: Clock
  audit: Auditor
  hasher: PasswordHasher
  totp: TotpVerifier
  sessions: SessionRegistry
  keyTrust: KeyTrust
  /** Opens the user's files; what it throws goes to the caller of `offer`, and the session's place is given back. */
  files: (principal: Principal) => Promise<VfsSession>
  settings: LoginSettings
}>
