import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { FileServerError } from '../core/errors.ts'
import type { Origin } from '../core/identity.ts'
import { andThen, type MaybePromise, orElse } from '../core/maybe-promise.ts'
import { inZone } from '../core/net.ts'
import type { Clock, Logger, Timer } from '../core/ports.ts'
import { type ActiveTarget, allowedTarget, connectActive } from './active.ts'
import { DataLink } from './data-link.ts'
import type { DescriptorNet } from './descriptor-net.ts'
import { DescriptorPort, openDescriptorPort } from './descriptor-port.ts'
import type { Link } from './link.ts'
import type { Direction } from './link-context.ts'
import { LinkStream } from './link-stream.ts'
import { openPassive, type PassivePort } from './passive.ts'
import { type DataUse, secureData, secureLink, type TlsDeps } from './secure-data.ts'
import type { FtpSettings } from './settings.ts'
import { limit } from './time-limit.ts'

export type DataSocket = Socket | TLSSocket | LinkStream

/** What the data connections have to know of their control connection, as it is at that moment. */
export type DataDeps = TlsDeps & {
  readonly settings: FtpSettings
  readonly clock: Clock
  readonly logger: Logger
  readonly origin: Origin
  /** Undefined: passive connections are Node's. */
  readonly net: DescriptorNet | undefined
}

type Port = PassivePort | DescriptorPort
type Plan = Readonly<{ kind: 'passive'; port: Port }> | Readonly<{ kind: 'active'; toPort: number }>

type Arrivals<T> = {
  take(): T | undefined
  accept(signal: AbortSignal): Promise<T>
  /** The system's name for why nobody can be let in now. */
  readonly refusal?: string | undefined
}

type Closing = Readonly<{ socket: DataSocket; timer: Timer }>

/** An ended socket whose peer does not close its side is cut after this time. */
const CLOSE_MS = 10_000

/** A port is given back when the session needed none for this time, and so is what is left of the last connection. */
const KEEP_MS = 10_000

/** How the data connections of one control connection come about: at most one plan, one socket and one closing socket. */
export class DataChannel {
  /** RFC 2228 PROT: C clear, P private. */
  protection: 'C' | 'P' = 'C'
  /** RFC 4217 section 9: PROT is only valid after PBSZ. */
  bufferSizeAgreed = false
  readonly #deps: DataDeps
  #plan: Plan | undefined
  /** Kept from transfer to transfer. */
  #port: Port | undefined
  #keep: Timer | undefined
  #closing: Closing | undefined
  /** The last download's: the client has not said yet that it has all of it. */
  #left: Link | undefined
  #closed = false
  /** The operator has been told that the system gives this session no data connection. */
  #troubled = false

  constructor(deps: DataDeps) {
    this.#deps = deps
  }

  /** A PASV, EPSV, PORT or EPRT waits for its transfer. */
  get ready(): boolean {
    return this.#plan !== undefined
  }

  /** Waits for a passive connection in place of any earlier plan; resolves to the port. */
  listen(): MaybePromise<number> {
    return andThen(this.#portAgain(), (again) =>
      andThen(again ?? this.#openPort(), (port) => {
        this.#plan = { kind: 'passive', port }
        return port.port
      }),
    )
  }

  /** False when the target is not the client itself or a privileged port. */
  target(target: ActiveTarget): boolean {
    this.reset()
    if (!allowedTarget(target, this.#deps.origin.remoteIp)) return false
    this.#plan = { kind: 'active', toPort: target.port }
    return true
  }

  /** The plan is for a connection that needs none of Node's sockets. */
  direct(direction: Direction): boolean {
    if (this.#plan?.kind !== 'passive' || !(this.#plan.port instanceof DescriptorPort)) return false
    if (this.protection === 'C') return true
    // Its feed knows how such an end looks; few clients need it, and they are not the fast ones.
    const openEnded = direction === 'up' && this.#deps.openEnded
    return !openEnded && this.#deps.peer?.links() !== undefined
  }

  /** Uses a `direct` plan up. The caller closes the link, or hands it to `leave`. */
  openLink(direction: Direction, use: DataUse): MaybePromise<Link> {
    const plan = this.#plan
    this.#plan = undefined
    this.#dropClosing()
    if (plan?.kind !== 'passive' || !(plan.port instanceof DescriptorPort))
      throw new FileServerError('transfer.no-data-connection')
    const link = plan.port.take()
    if (link !== undefined) this.#letIn()
    const arrived = link ?? this.#arrival<DataLink>(plan.port, use)
    if (this.protection === 'C') return arrived
    return andThen(arrived, (raw) => secureLink(this.#deps, raw, direction, use))
  }

  /** Closes the link of a download when the next one opens, or after a while: the client may be behind. */
  leave(link: Link): void {
    this.#dropClosing()
    if (this.#closed) link.closeGently()
    else {
      this.#left = link
      this.#keepPort()
    }
  }

  /** Uses the plan up. The caller ends or destroys the socket, then hands it to `release`. */
  async open(direction: Direction, use: DataUse): Promise<DataSocket> {
    // Node's TLS gives a client its tickets at the start, and who only sends may lose its last bytes by them.
    if (direction === 'up' && this.protection === 'P' && this.direct('up'))
      return new LinkStream(await this.openLink(direction, use))
    const current = this.#plan
    this.#plan = undefined
    this.#dropClosing()
    if (current === undefined) throw new FileServerError('transfer.no-data-connection')
    const raw = await this.#connect(current, use)
    return this.protection === 'P' ? secureData(this.#deps, raw, direction, use) : raw
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
    this.#dropLeft()
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
  #portAgain(): MaybePromise<Port | undefined> {
    const port = this.#port
    if (this.#plan !== undefined || port === undefined) return undefined
    const armed = () => (port.arm() ? port : undefined)
    return port instanceof DescriptorPort ? armed() : port.strangersDropped().then(armed)
  }

  #openPort(): MaybePromise<Port> {
    this.reset()
    const { origin, settings, net } = this.#deps
    const localIp = inZone(origin.localIp, origin.zone)
    const options = { localIp, peerIp: origin.remoteIp, ports: settings.passivePorts }
    return orElse<Port>(
      () =>
        andThen<Port, Port>(
          net === undefined ? openPassive(options) : openDescriptorPort(net, options),
          (port) => this.#opened(port),
        ),
      (error) => this.#notOpened(error),
    )
  }

  #notOpened(err: unknown): never {
    const { passivePorts: ports } = this.#deps.settings
    if (!this.#closed) this.#tell({ err, ports }, 'no passive port for a client')
    throw err
  }

  /**
   * The client learns nothing of ports and descriptors; who can mend it has to. Once, until it is better: clients try again
   * and again.
   */
  #tell(about: object, what: string): void {
    const { origin, logger } = this.#deps
    const { session, listener } = origin
    if (!this.#troubled) logger.warn({ ...about, session, listener }, what)
    this.#troubled = true
  }

  #opened(port: Port): Port {
    if (this.#closed) {
      port.close()
      throw new FileServerError('transfer.aborted')
    }
    this.#port = port
    return port
  }

  async #connect(plan: Plan, use: DataUse): Promise<Socket> {
    if (plan.kind === 'active') {
      const { origin, settings } = this.#deps
      const from = { ip: inZone(origin.localIp, origin.zone), port: settings.activePort }
      // The client's own address, whichever way it wrote it.
      const target = { host: inZone(origin.remoteIp, origin.zone), port: plan.toPort }
      return this.#inTime(use, (either) => connectActive(target, from, either))
    }
    const arrived = await this.#arrival<Socket | DataLink>(plan.port, use)
    return arrived instanceof DataLink ? arrived.toSocket() : arrived
  }

  async #arrival<T>(port: Arrivals<T>, use: DataUse): Promise<T> {
    try {
      const here = use.signal.aborted ? undefined : port.take()
      const arrived = here ?? (await this.#inTime(use, (either) => port.accept(either)))
      this.#letIn()
      return arrived
    } catch (error) {
      if (port.refusal !== undefined)
        this.#tell({ reason: port.refusal }, 'the system lets no data connection in')
      this.reset()
      throw error
    }
  }

  /** `either` aborts with the signal, and when nobody has connected in time. */
  async #inTime<T>({ signal, note }: DataUse, connect: (either: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, settings } = this.#deps
    const either = new AbortController()
    const timer = limit(clock, settings.dataConnectMs, () => {
      note.limit = 'ftp.dataConnectSeconds'
      either.abort(new FileServerError('transfer.no-data-connection', 'nobody connected in time'))
    })
    // AbortSignal.any would cost more than the rest of this.
    const stop = () => either.abort(signal.reason)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    try {
      return await connect(either.signal)
    } finally {
      timer.cancel()
      signal.removeEventListener('abort', stop)
    }
  }

  #letIn(): void {
    this.#troubled = false
    this.#keepPort()
  }

  #keepPort(): void {
    this.#keep?.refresh()
    this.#keep ??= this.#deps.clock.timer(KEEP_MS, () => {
      this.#keep = undefined
      this.#dropLeft()
      // One that somebody is awaited at is kept by that transfer.
      if (this.#port?.idle === true) this.reset()
    })
  }

  #dropClosing(): void {
    this.#closing?.timer.cancel()
    this.#closing?.socket.destroy()
    this.#closing = undefined
    this.#dropLeft()
  }

  #dropLeft(): void {
    this.#left?.closeGently()
    this.#left = undefined
  }
}
