import type { Auditor } from '../core/audit/auditor.ts'
import type { Authenticator } from '../core/auth/login.ts'
import type { Clock, Logger } from '../core/ports.ts'

/** What one FTP listener may do. All times in milliseconds, 0 = no limit. Defaults live in the configuration. */
export type FtpSettings = Readonly<{
  /** `implicit`: TLS from the first byte; `explicit`: AUTH TLS is offered. */
  tls: 'explicit' | 'implicit'
  /** Text of the 220 greeting; one reply line each. */
  greeting: readonly string[]
  /** Data connections in clear under an encrypted control connection (PROT C). */
  clearData: boolean
  /** Must a data connection resume the TLS session of its control connection? */
  tlsReuse: 'off' | 'prefer' | 'require'
  minTlsVersion: 'TLSv1.2' | 'TLSv1.3'
  /** Both 0 = any free port. */
  passivePorts: Readonly<{ from: number; to: number }>
  /** IPv4 address that PASV names to clients behind a NAT; undefined = the control connection's own. */
  passiveAddress: string | undefined
  activeMode: boolean
  maxLineBytes: number
  /** Commands that may wait behind the running one before reading stops. */
  maxQueuedCommands: number
  loginGraceMs: number
  idleMs: number
  stallMs: number
  dataConnectMs: number
  tlsHandshakeMs: number
}>

/** PEM texts. Another object means another certificate: handshakes from then on use it. */
export type TlsMaterial = Readonly<{ certificate: string; key: string }>

export type FtpDeps = Readonly<{
  authenticator: Authenticator
  audit: Auditor
  clock: Clock
  logger: Logger
  settings: FtpSettings
  /** The certificate to use for the next handshake; undefined = this door has no TLS. */
  tls: () => TlsMaterial | undefined
}>
