import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { FileServerError } from '../core/errors.ts'
import type { Origin, TlsReuse } from '../core/identity.ts'
import type { Clock, Timer } from '../core/ports.ts'
import type { TransferNote } from '../core/vfs/session.ts'
import { type ActiveTarget, allowedTarget, connectActive } from './active.ts'
import { limit } from './limit.ts'
import { openPassive, type PassivePort } from './passive.ts'
import type { FtpSettings } from './settings.ts'
import type { TlsPeer } from './tls.ts'
import { createTlsFeed } from './tls-feed.ts'

/** `up` is from the client to us. */
export type Direction = 'up' | 'down'
/** What `open` is for; it tells in the note which TLS session was resumed. */
export type DataUse = Readonly<{ signal: AbortSignal; note: TransferNote }>
export type DataSocket = Socket | TLSSocket

/** What the data connections have to know of their control connection, as it is at that moment. */
export type DataDeps = {
  readonly settings: FtpSettings
  readonly clock: Clock
  readonly origin: Origin
  /** Undefined while the control connection is in clear. */
  readonly peer: TlsPeer | undefined
  /** Of the user, or of the listener. */
  readonly reuse: TlsReuse
}

type Plan =
  | Readonly<{ kind: 'passive'; port: PassivePort }>
  | Readonly<{ kind: 'active'; target: ActiveTarget }>

type Closing = Readonly<{ socket: DataSocket; timer: Timer }>

/** An ended socket whose peer does not close its side is cut after this time. */
const CLOSE_MS = 10_000

/** A port is given back when the session needed none for this time. */
const KEEP_MS = 10_000

/** How the data connections of one control connection come about: at most one plan, one socket and one closing socket. */
export class DataChannel {
  /** RFC 2228 PROT: C clear, P private. */
  protection: 'C' | 'P' = 'C'
  /** RFC 4217 section 9: PROT is only valid after PBSZ. */
  bufferSizeAgreed = false
  /** RFC 2428: after EPSV ALL no other way is allowed. */
  onlyEpsv = false
  readonly #deps: DataDeps
  #plan: Plan | undefined
  /** Kept from transfer to transfer. */
  #port: PassivePort | undefined
  #keep: Timer | undefined
  #closing: Closing | undefined
  #closed = false

  constructor(deps: DataDeps) {
    this.#deps = deps
  }

  /** A PASV, EPSV, PORT or EPRT waits for its transfer. */
  get ready(): boolean {
    return this.#plan !== undefined
  }

  /** Waits for a passive connection in place of any earlier plan; resolves to the port. */
  async listen(): Promise<number> {
    const port = this.#portAgain() ?? (await this.#openPort())
    this.#plan = { kind: 'passive', port }
    return port.port
  }

  /** False when the target is not the client itself or a privileged port. */
  target(target: ActiveTarget): boolean {
    this.reset()
    if (!allowedTarget(target, this.#deps.origin.remoteIp)) return false
    this.#plan = { kind: 'active', target }
    return true
  }

  /** Uses the plan up. The caller ends or destroys the socket, then hands it to `release`. */
  async open(direction: Direction, use: DataUse): Promise<DataSocket> {
    const current = this.#plan
    this.#plan = undefined
    this.#dropClosing()
    if (current === undefined) throw new FileServerError('transfer.no-data-connection')
    const raw = await this.#connect(current, use.signal)
    return this.protection === 'P' ? secure(this.#deps, raw, direction, use) : raw
  }

  /** Lets an ended socket close in its own time, but not for ever; destroys it when the next one opens. */
  release(socket: DataSocket): void {
    this.#dropClosing()
    if (socket.destroyed) return
    socket.resume()
    const closing = { socket, timer: this.#deps.clock.timer(CLOSE_MS, () => socket.destroy()) }
    socket.once('close', () => {
      closing.timer.cancel()
      // An idle session keeps nothing of its last transfer.
      if (this.#closing === closing) this.#closing = undefined
    })
    if (this.#closed) socket.destroy()
    else this.#closing = closing
  }

  /** Drops the plan and whatever waits on it. */
  reset(): void {
    this.#plan = undefined
    this.#keep?.cancel()
    this.#keep = undefined
    this.#port?.close()
    this.#port = undefined
  }

  close(): void {
    this.#closed = true
    this.reset()
    this.#dropClosing()
  }

  /** The port of the last transfer. Who asks twice without a transfer gets another, or the first client would be the second. */
  #portAgain(): PassivePort | undefined {
    return this.#plan === undefined && this.#port?.arm() === true ? this.#port : undefined
  }

  async #openPort(): Promise<PassivePort> {
    this.reset()
    const { origin, settings } = this.#deps
    const { localIp, remoteIp } = origin
    const port = await openPassive({ localIp, peerIp: remoteIp, ports: settings.passivePorts })
    if (this.#closed) {
      port.close()
      throw new FileServerError('transfer.aborted')
    }
    this.#port = port
    return port
  }

  async #connect(plan: Plan, signal: AbortSignal): Promise<Socket> {
    if (plan.kind === 'active') return connect(this.#deps, plan, signal)
    try {
      const raw = (signal.aborted ? undefined : plan.port.take()) ?? (await connect(this.#deps, plan, signal))
      this.#keepPort()
      return raw
    } catch (error) {
      this.reset()
      throw error
    }
  }

  #keepPort(): void {
    this.#keep?.refresh()
    this.#keep ??= this.#deps.clock.timer(KEEP_MS, () => {
      this.#keep = undefined
      // One that somebody is awaited at is kept by that transfer.
      if (this.#port?.idle === true) this.reset()
    })
  }

  #dropClosing(): void {
    this.#closing?.timer.cancel()
    this.#closing?.socket.destroy()
    this.#closing = undefined
  }
}

async function connect(
  { clock, settings, origin }: DataDeps,
  plan: Plan,
  signal: AbortSignal,
): Promise<Socket> {
  const either = new AbortController()
  const timer = limit(clock, settings.dataConnectMs, () =>
    either.abort(new FileServerError('transfer.no-data-connection', 'nobody connected in time')),
  )
  // AbortSignal.any would cost more than the rest of this.
  const stop = () => either.abort(signal.reason)
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  try {
    if (plan.kind === 'passive') return await plan.port.accept(either.signal)
    const from = { ip: origin.localIp, port: settings.activePort }
    return await connectActive(plan.target, from, either.signal)
  } finally {
    timer.cancel()
    signal.removeEventListener('abort', stop)
  }
}

/** Looks which session was resumed, if anybody wants to know; throws when it must be another. */
function judge({ reuse }: DataDeps, socket: TLSSocket, own: boolean, note: TransferNote): void {
  if (reuse === 'off') return
  note.tlsSession = !socket.isSessionReused() ? 'none' : own ? 'bound' : 'resumable'
  if (reuse === 'prefer' || note.tlsSession === 'bound') return
  socket.destroy()
  throw new FileServerError('transfer.no-data-connection', 'TLS session was not resumed')
}

async function secure(
  deps: DataDeps,
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
