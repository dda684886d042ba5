import type { TermsSettings } from './terms.ts'

/** What the operator decides about the SFTP door. Times in milliseconds, sizes in bytes. */
export type SftpSettings = Readonly<{
  /** From accept to a granted login; covers peers that never say a word. */
  loginGraceMs: number
  /** Authentication requests of any kind on one connection, key probes included. */
  authRequestsPerConnection: number
  /** keyboard-interactive asks everybody for password and code in one round. */
  promptsAtOnce: boolean
  terms: TermsSettings
  /** Without any SFTP request. */
  idleMs: number
  /** Between two questions whether a silent peer is still there. */
  keepAliveMs: number
  /** Unanswered questions that end the connection. */
  keepAliveMisses: number
  channelsPerConnection: number
  handlesPerChannel: number
  /** Sent and received together, since the last key exchange; 0 = the client alone starts one. */
  rekeyBytes: number
  /** Since the last key exchange; 0 = the client alone starts one. */
  rekeyMs: number
  /** The part of the identification line after `SSH-2.0-` (RFC 4253, section 4.2). */
  identification: string
  /** Shown before the login; empty = none. */
  banner: string
}>
