import type { KeyDetail } from '../auth/shown-key.ts'
import type { ErrorCode } from '../errors.ts'
import type { Action, Door, Factor, SessionId } from '../identity.ts'
import type { DenyReason } from '../policy/decide.ts'

/** Of a TLS client certificate: its fingerprint, and whom it names. */
export type CertificateDetail = Readonly<{ certificate?: string; subject?: string }>

/**
 * What a TLS data connection resumed: the session of its own control connection, some session of the same door (which
 * proves less), or none.
 */
export type TlsSessionClass = 'bound' | 'resumable' | 'none'

export type TransferOutcome = 'complete' | 'aborted' | 'failed'

/** What each audit event carries besides its envelope. docs/audit.md lists them; a test compares. */
export type AuditDetail =
  | { type: 'connection.opened' }
  | { type: 'connection.refused'; reason: DenyReason }
  | { type: 'connection.closed'; durationMs: number }
  | { type: 'connection.excepted'; algorithms: readonly string[] }
  | { type: 'connection.unmatched'; client: string; what: string; offered: readonly string[] }
  | ({ type: 'login.factor-ok'; factor: Factor } & KeyDetail & CertificateDetail)
  | { type: 'login.granted'; factors: readonly Factor[]; client?: string; crypto?: string }
  | ({ type: 'login.denied'; reason: DenyReason; factor?: Factor; rule?: string } & KeyDetail)
  | ({ type: 'login.key-refused'; reason: DenyReason; rule?: string } & KeyDetail)
  | { type: 'login.locked'; scope: 'user' | 'address'; untilMs: number }
  | { type: 'login.rehashed' }
  | {
      type: 'file.transfer'
      direction: 'up' | 'down'
      path: string
      bytes: number
      durationMs: number
      outcome: TransferOutcome
      tlsSession?: TlsSessionClass
      unconfirmed?: true
      limit?: string
    }
  | { type: 'file.changed'; action: Action; path: string; to?: string }
  | { type: 'file.denied'; action: Action; path: string }
  | { type: 'session.limited'; limit: string }
  | { type: 'session.error'; code: ErrorCode; detail: string }
  | { type: 'server.started'; version: string }
  | { type: 'server.reloaded'; changed: readonly string[] }
  | { type: 'server.stopped' }

export type AuditEventType = AuditDetail['type']

/** Who and where; absent fields do not apply (a server event has no session). */
export type AuditContext = {
  session?: SessionId
  door?: Door
  listener?: string
  remoteIp?: string
  user?: string
}

/** One line of the audit log. `at` is milliseconds since the epoch. */
export type AuditEvent = Readonly<{ at: number } & AuditContext & AuditDetail>
