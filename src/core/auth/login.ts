import type { ErrorCode } from '../errors.ts'
import type { Factor, Origin } from '../identity.ts'
import type { DenyReason } from '../policy/decide.ts'
import type { Session } from '../sessions.ts'
import type { Presence, ShownKey } from './shown-key.ts'

/**
 * Evidence handed in by an adapter, which verified the signature or the chain itself, or says that the signature is
 * wrong. A password may carry a one-time code at its end; the core splits it, never the adapter.
 */
export type Proof =
  | { factor: 'password'; secret: string }
  | { factor: 'totp'; code: string }
  | ({ factor: 'publickey'; signatureVerified: boolean; presence?: Presence } & ShownKey)
  /** `fingerprint` and `subject` as the users file has them: see `certificateName`. */
  | { factor: 'client-cert'; fingerprint: string; subject: string; chainVerified: true }

/** What the client's TLS handshake proved, before any name was said. */
export type ClientCertificate = Extract<Proof, { factor: 'client-cert' }>

export type LoginStep =
  /** `next` are the factors that can still complete a chain; `partial` is true when one was just accepted. */
  | { state: 'more'; next: readonly Factor[]; partial: boolean }
  /** The adapter owns the session from here and closes it. */
  | { state: 'granted'; session: Session }
  /**
   * `code` is for the wire (`auth.failed` for every reason that must look alike), `reason` for the audit only.
   * `disconnect`: too many failures on this connection; say the refusal and close.
   */
  | { state: 'denied'; code: ErrorCode; reason: DenyReason; disconnect: boolean }

/**
 * One client's conversation on one connection. `begin` may be called again with another name; it forgets all proofs.
 * Calls must not overlap. Neither method throws for bad credentials. What `offer` throws (the state or the files fail) is the
 * end of all logins of the connection.
 */
export type Login = {
  begin(name: string): Promise<LoginStep>
  /** SSH asks before it signs: would this key be looked at for the name begun? Never counts as a failure. */
  wouldAcceptKey(shown: ShownKey): Promise<boolean>
  offer(proof: Proof): Promise<LoginStep>
  /** The client is gone, or the adapter begins another conversation: a login that was left half proven goes to the audit. */
  leave(): void
}

export type Authenticator = {
  /**
   * `canProve` are the factors that this door can ever hand in. Chains that need another do not exist on it: nothing on
   * the way to them tells a right proof from a wrong one. `certificate` is looked at by every `begin`: it counts for a
   * user who has it, may grant at once, and is no failure for any other.
   */
  open(origin: Origin, canProve: ReadonlySet<Factor>, certificate?: ClientCertificate): Login
}
