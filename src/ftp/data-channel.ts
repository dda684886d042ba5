import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { FileServerError } from '../core/errors.ts'
import type { Origin, TlsReuse } from '../core/identity.ts'
import type { Clock, Timer } from '../core/ports.ts'
import type { TransferNote } from '../core/vfs/session.ts'
import { type ActiveTarget, allowedTarget, connectActive } from './active.ts'
import { limit } from './limit.ts'
import { openPassive, type PassiveListener } from './passive.ts'
import type { FtpSettings } from './settings.ts'
import type { TlsPeer } from './tls.ts'
import { createTlsFeed } from './tls-feed.ts'

/** `up` is from the client to us. */
export type Direction = 'up' | 'down'
/** What `open` is for; it tells in the note which TLS session was resumed. */
export type DataUse = Readonly<{ signal: AbortSignal; note: TransferNote }>
export type DataSocket = Socket | TLSSocket

/** How the data connections of one control connection come about: at most one plan, one socket and one closing socket. */
export type DataChannel = {
  /** RFC 2228 PROT: C clear, P private. */
  protection: 'C' | 'P'
  /** RFC 4217 section 9: PROT is only valid after PBSZ. */
  bufferSizeAgreed: boolean
  /** RFC 2428: after EPSV ALL no other way is allowed. */
  onlyEpsv: boolean
  /** A PASV, EPSV, PORT or EPRT waits for its transfer. */
  readonly ready: boolean
  /** Opens a passive listener in place of any earlier plan; resolves to its port. */
  listen(): Promise<number>
  /** False when the target is not the client itself or a privileged port. */
  target(target: ActiveTarget): boolean
  /** Uses the plan up. The caller ends or destroys the socket, then hands it to `release`. */
  open(direction: Direction, transfer: DataUse): Promise<DataSocket>
  /** Lets an ended socket close in its own time, but not for ever; destroys it when the next one opens. */
  release(socket: DataSocket): void
  /** Drops the plan and whatever waits on it. */
  reset(): void
  close(): void
}

export type DataDeps = Readonly<{
  settings: FtpSettings
  clock: Clock
  origin: () => Origin
  /** Undefined while the control connection is in clear. */
  tls: () => TlsPeer | undefined
  /** Of the user, or of the listener. */
  reuse: () => TlsReuse
}>

type Plan =
  | Readonly<{ kind: 'passive'; listener: PassiveListener }>
  | Readonly<{ kind: 'active'; target: ActiveTarget }>

/** An ended socket whose peer does not close its side is cut after this time. */
const CLOSE_MS = 10_000

export function createDataChannel({ settings, clock, origin, tls, reuse }: DataDeps): DataChannel {
  let plan: Plan | undefined
  let closing: { socket: DataSocket; timer: Timer } | undefined
  let closed = false

  function reset(): void {
    if (plan?.kind === 'passive') plan.listener.close()
    plan = undefined
  }

  function dropClosing(): void {
    closing?.timer.cancel()
    closing?.socket.destroy()
    closing = undefined
  }

  async function connect(current: Plan, signal: AbortSignal): Promise<Socket> {
    const either = new AbortController()
    const timer = limit(clock, settings.dataConnectMs, () =>
      either.abort(new FileServerError('transfer.no-data-connection', 'nobody connected in time')),
    )
    // AbortSignal.any would cost more than the rest of this.
    const stop = () => either.abort(signal.reason)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    try {
      if (current.kind === 'passive') return await current.listener.accept(either.signal)
      const from = { ip: origin().localIp, port: settings.activePort }
      return await connectActive(current.target, from, either.signal)
    } finally {
      timer.cancel()
      signal.removeEventListener('abort', stop)
      if (current.kind === 'passive') current.listener.close()
    }
  }

  /** Looks which session was resumed, if anybody wants to know; throws when it must be another. */
  function judge(socket: TLSSocket, own: boolean, note: TransferNote): void {
    const rule = reuse()
    if (rule === 'off') return
    note.tlsSession = !socket.isSessionReused() ? 'none' : own ? 'bound' : 'resumable'
    if (rule === 'prefer' || note.tlsSession === 'bound') return
    socket.destroy()
    throw new FileServerError('transfer.no-data-connection', 'TLS session was not resumed')
  }

  async function secure(raw: Socket, direction: Direction, { signal, note }: DataUse): Promise<TLSSocket> {
    const peer = tls()
    if (peer === undefined) throw new FileServerError('internal', 'PROT P without TLS')
    const feed = direction === 'up' ? createTlsFeed(raw) : undefined
    const cut = () => raw.destroy()
    signal.addEventListener('abort', cut, { once: true })
    try {
      const socket = await peer.accept(feed?.stream ?? raw)
      feed?.attach(socket)
      judge(socket, peer.own, note)
      return socket
    } catch (cause) {
      raw.destroy()
      signal.throwIfAborted()
      if (cause instanceof FileServerError) throw cause
      throw new FileServerError('transfer.no-data-connection', 'TLS handshake failed', { cause })
    } finally {
      signal.removeEventListener('abort', cut)
    }
  }

  return {
    protection: 'C',
    bufferSizeAgreed: false,
    onlyEpsv: false,
    get ready() {
      return plan !== undefined
    },
    async listen() {
      reset()
      const { localIp, remoteIp } = origin()
      const listener = await openPassive({ localIp, peerIp: remoteIp, ports: settings.passivePorts })
      if (closed) {
        listener.close()
        throw new FileServerError('transfer.aborted')
      }
      plan = { kind: 'passive', listener }
      return listener.port
    },
    target(target) {
      reset()
      if (!allowedTarget(target, origin().remoteIp)) return false
      plan = { kind: 'active', target }
      return true
    },
    async open(direction, transfer) {
      const current = plan
      plan = undefined
      dropClosing()
      if (current === undefined) throw new FileServerError('transfer.no-data-connection')
      const raw = await connect(current, transfer.signal)
      return this.protection === 'P' ? secure(raw, direction, transfer) : raw
    },
    release(socket) {
      dropClosing()
      if (socket.destroyed) return
      socket.resume()
      const timer = clock.timer(CLOSE_MS, () => socket.destroy())
      socket.once('close', () => timer.cancel())
      if (closed) socket.destroy()
      else closing = { socket, timer }
    },
    reset,
    close() {
      closed = true
      reset()
      dropClosing()
    },
  }
}
