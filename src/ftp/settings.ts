import type { Auditor } from '../core/audit/auditor.ts'
import type { Authenticator } from '../core/auth/login.ts'
import type { TlsReuse } from '../core/identity.ts'
import type { Clock, Logger } from '../core/ports.ts'
import type { LineEnds } from './line-ends.ts'
import type { NativeSockets } from './native-sockets.ts'
import type { NativeTls } from './native-tls.ts'

/** What one FTP listener may do. All times in milliseconds, 0 = no limit. Defaults live in the configuration. */
export type FtpSettings = Readonly<{
  /** `implicit`: TLS from the first byte; `explicit`: AUTH TLS is offered. */
  tls: 'explicit' | 'implicit'
  /** Text of the 220 greeting; one reply line each. */
  greeting: readonly string[]
  /** In front of the reply to a complete login. */
  welcome: readonly string[]
  /** The reply to QUIT; at least one line. */
  goodbye: readonly string[]
  /** The greeting of each name that SNI and HOST can choose, in lower case. */
  hosts: ReadonlyMap<string, readonly string[]>
  /** Must a data connection resume the TLS session of its control connection? */
  tlsReuse: TlsReuse
  minTlsVersion: 'TLSv1.2' | 'TLSv1.3'
  /** Up to then (milliseconds since the epoch) TLS 1.0 and suites without AEAD are spoken too; 0 = never. */
  legacyTlsUntilMs: number
  /** Uploads of this client may end, at this moment, without close_notify, or in clear behind the control connection. */
  openEnded: (remoteIp: string, nowMs: number) => boolean
  /** Both 0 = any free one of the dynamic ports, 49152 to 65535. */
  passivePorts: Readonly<{ from: number; to: number }>
  /** IPv4 address that PASV names to this client; `own` = the control connection's, undefined = not known now. */
  passiveAddress: (remoteIp: string) => string | undefined
  activeMode: boolean
  /** Where active data connections go out; 0 = anywhere. */
  activePort: number
  /** MODE Z may be chosen, and how hard it packs (1 to 9) until the client says another. */
  modeZ: boolean
  deflateLevel: number
  maxLineBytes: number
  /** Commands of one session; a second's worth may come at once. */
  commandsPerSecond: number
  /** Mistakes in a row that a session may make. */
  maxBadCommands: number
  /** Commands that may wait behind the running one before reading stops. */
  maxQueuedCommands: number
  loginGraceMs: number
  idleMs: number
  stallMs: number
  dataConnectMs: number
  tlsHandshakeMs: number
}>

/** PEM texts: the certificate with its chain, and its key. */
export type TlsIdentity = Readonly<{ certificate: string; key: string }>

/** Who may sign client certificates, PEM. */
export type ClientTrust = Readonly<{ required: boolean; authorities: string; revoked: string | undefined }>

/** Another object means other certificates: handshakes from then on use them. */
export type TlsMaterial = TlsIdentity &
  Readonly<{
    /** Of the names that have a certificate of their own, in lower case. */
    hosts?: ReadonlyMap<string, TlsIdentity>
    /** Absent: clients are not asked for a certificate. */
    clients?: ClientTrust
  }>

export type FtpDeps = Readonly<{
  authenticator: Authenticator
  audit: Auditor
  clock: Clock
  logger: Logger
  /** Read anew by each connection: the greetings in it can change. */
  settings: FtpSettings
  /** The certificate to use for the next handshake; undefined = this door has no TLS. */
  tls: () => TlsMaterial | undefined
  /** Of the addon; undefined without it. */
  native?: (NativeSockets & NativeTls & LineEnds) | undefined
  /** Some user must resume though the listener does not ask for it; who it is shows after the handshake only. */
  strictUsers: () => boolean
}>
