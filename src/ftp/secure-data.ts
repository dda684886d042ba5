import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { errorCodeOf, FileServerError } from '../core/errors.ts'
import type { TlsReuse } from '../core/identity.ts'
import type { Clock } from '../core/ports.ts'
import type { TransferNote } from '../core/vfs/session.ts'
import type { DataLink } from './data-link.ts'
import { readyFor } from './link.ts'
import type { Direction } from './link-context.ts'
import { SecureLink } from './secure-link.ts'
import type { FtpSettings } from './settings.ts'
import { limit } from './time-limit.ts'
import type { TlsPeer } from './tls.ts'
import { createTlsFeed } from './tls-feed.ts'

/** What a connection is for; it tells in the note which TLS session was resumed. */
export type DataUse = Readonly<{ signal: AbortSignal; note: TransferNote }>

/** The control connection's TLS, as it is at that moment. */
export type TlsDeps = {
  /** Undefined while the control connection is in clear. */
  readonly peer: TlsPeer | undefined
  /** Of the user, or of the listener. */
  readonly reuse: TlsReuse
  /** Uploads may end without close_notify now. */
  readonly openEnded: boolean
  readonly settings: Pick<FtpSettings, 'tlsHandshakeMs'>
  readonly clock: Clock
}

/** For the audit. */
const HANDSHAKE_LIMIT = 'tls.handshakeSeconds'

/** Looks which session was resumed, if anybody wants to know; throws when it must be another. */
function judge({ reuse, peer }: TlsDeps, resumed: () => boolean, note: TransferNote): void {
  if (reuse === 'off') return
  note.tlsSession = !resumed() ? 'none' : peer?.own === true ? 'bound' : 'resumable'
  if (reuse === 'prefer' || note.tlsSession === 'bound') return
  throw new FileServerError('transfer.no-data-connection', 'TLS session was not resumed')
}

/** Makes the server's side of TLS on a data connection; destroys `raw` when that fails, or must not be used. */
export async function secureData(
  deps: TlsDeps,
  raw: Socket,
  direction: Direction,
  { signal, note }: DataUse,
): Promise<TLSSocket> {
  const { peer } = deps
  if (peer === undefined) throw new FileServerError('internal', 'PROT P without TLS')
  const onOpenEnd = () => {
    note.unconfirmed = true
  }
  const feed =
    direction === 'up'
      ? createTlsFeed(raw, peer.ticketsFollow, deps.openEnded ? onOpenEnd : undefined)
      : undefined
  const cut = () => raw.destroy()
  signal.addEventListener('abort', cut, { once: true })
  try {
    const admit = (socket: TLSSocket) => {
      try {
        judge(deps, () => socket.isSessionReused(), note)
        // In TLS 1.2 the client still waits for the end of the handshake, tickets and all.
        if (socket.getProtocol() === 'TLSv1.3') feed?.hold()
      } catch (cause) {
        // Now, or who is refused would have a session to resume the next time. And only `raw`: Node is at work in the others.
        raw.destroy()
        throw cause
      }
    }
    const socket =
      feed === undefined
        ? await peer.accept(raw, 'sending', admit)
        : await peer.accept(feed.stream, 'receiving', admit)
    feed?.attach(socket)
    return socket
  } catch (cause) {
    raw.destroy()
    if (errorCodeOf(cause) === 'session.idle') note.limit = HANDSHAKE_LIMIT
    throw failed(cause, signal)
  } finally {
    signal.removeEventListener('abort', cut)
  }
}

function failed(cause: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  // A handshake that takes too long ends its data connection, not the session.
  if (cause instanceof FileServerError && cause.code !== 'session.idle') return cause
  return new FileServerError('transfer.no-data-connection', 'TLS handshake failed', { cause })
}

/** The same without Node's sockets; closes `raw` when that fails, or must not be used. */
export async function secureLink(
  deps: TlsDeps,
  raw: DataLink,
  direction: Direction,
  { signal, note }: DataUse,
): Promise<SecureLink> {
  const { peer, clock, settings } = deps
  const links = peer?.links()
  if (links === undefined) {
    raw.close()
    throw new FileServerError('internal', 'PROT P without TLS')
  }
  const link = new SecureLink(links, raw, direction)
  const cut = () => link.cut()
  const deadline = limit(clock, settings.tlsHandshakeMs, () => {
    note.limit = HANDSHAKE_LIMIT
    cut()
  })
  signal.addEventListener('abort', cut, { once: true })
  try {
    signal.throwIfAborted()
    for (let wanted = link.shakeHands(); wanted !== 0; wanted = link.shakeHands())
      await readyFor(link, wanted)
    judge(deps, () => link.resumed, note)
    return link
  } catch (cause) {
    link.close()
    throw failed(cause, signal)
  } finally {
    deadline.cancel()
    signal.removeEventListener('abort', cut)
  }
}
