import { errorCodeOf } from '../core/errors.ts'
import type { Origin } from '../core/identity.ts'
import type { FtpDeps } from './settings.ts'

/** The keys of the configuration whose limits end a session or slow it down. */
export type SessionLimit =
  | 'ftp.commandsPerSecond'
  | 'ftp.idleSeconds'
  | 'ftp.maxBadCommands'
  | 'ftp.maxLineBytes'
  | 'login.graceSeconds'
  | 'tls.handshakeSeconds'

export function reportLimit(
  { audit }: FtpDeps,
  origin: Origin,
  user: string | undefined,
  limit: SessionLimit,
): void {
  const { session, door, listener, remoteIp } = origin
  const who = { session, door, listener, remoteIp, ...(user !== undefined && { user }) }
  audit.with(who).record({ type: 'session.limited', limit })
}

/** A browser that a web page sent here, most likely. */
export function reportForeign({ audit }: FtpDeps, origin: Origin, protocol: string): void {
  const { session, door, listener, remoteIp } = origin
  audit
    .with({ session, door, listener, remoteIp })
    .record({ type: 'session.error', code: 'protocol.unknown', detail: `the client speaks ${protocol}` })
}

/** Tells the operator about an error that is ours; the client gets a text without it. */
export function reportInternal({ logger, audit }: FtpDeps, origin: Origin, error: unknown): void {
  const { session, door, listener, remoteIp } = origin
  logger.error({ session, err: error }, 'internal error in an FTP session')
  audit
    .with({ session, door, listener, remoteIp })
    .record({ type: 'session.error', code: errorCodeOf(error), detail: String(error) })
}
