import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { FileServerError } from '../core/errors.ts'
import type { TlsReuse } from '../core/identity.ts'
import type { TransferNote } from '../core/vfs/session.ts'
import type { TlsPeer } from './tls.ts'
import { createTlsFeed } from './tls-feed.ts'

/** `up` is from the client to us. */
export type Direction = 'up' | 'down'
/** What a connection is for; it tells in the note which TLS session was resumed. */
export type DataUse = Readonly<{ signal: AbortSignal; note: TransferNote }>

/** The control connection's TLS, as it is at that moment. */
export type TlsDeps = {
  /** Undefined while the control connection is in clear. */
  readonly peer: TlsPeer | undefined
  /** Of the user, or of the listener. */
  readonly reuse: TlsReuse
}

/** Looks which session was resumed, if anybody wants to know; throws when it must be another. */
function judge({ reuse }: TlsDeps, socket: TLSSocket, own: boolean, note: TransferNote): void {
  if (reuse === 'off') return
  note.tlsSession = !socket.isSessionReused() ? 'none' : own ? 'bound' : 'resumable'
  if (reuse === 'prefer' || note.tlsSession === 'bound') return
  socket.destroy()
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
  const feed = direction === 'up' ? createTlsFeed(raw) : undefined
  const cut = () => raw.destroy()
  signal.addEventListener('abort', cut, { once: true })
  try {
    const socket =
      feed === undefined ? await peer.accept(raw, 'sending') : await peer.accept(feed.stream, 'receiving')
    feed?.attach(socket)
    judge(deps, socket, peer.own, note)
    return socket
  } catch (cause) {
    raw.destroy()
    signal.throwIfAborted()
    // A handshake that takes too long ends its data connection, not the session.
    if (cause instanceof FileServerError && cause.code !== 'session.idle') throw cause
    throw new FileServerError('transfer.no-data-connection', 'TLS handshake failed', { cause })
  } finally {
    signal.removeEventListener('abort', cut)
  }
}
