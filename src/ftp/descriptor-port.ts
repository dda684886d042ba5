import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'
import { FileServerError } from '../core/errors.ts'
import { DataLink } from './data-link.ts'
import type { DescriptorNet, Swept } from './descriptor-net.ts'
import { READABLE } from './native-sockets.ts'
import { keepsPorts, MAX_USES, type PassiveOptions, portsToTry } from './passive.ts'

const { EADDRINUSE, EAGAIN } = constants.errno

/**
 * A PassivePort without Node's sockets. Of a session that makes one transfer after the other, the client has mostly
 * connected by the time its command is here: it is let in then, without the event loop hearing of it. Whoever else came in
 * between is dropped on that occasion, or when the sweep has found the port unused.
 */
export class DescriptorPort implements Swept {
  readonly port: number
  usedAt: number
  /** The system's name for why nobody could be let in the last time. */
  refusal: string | undefined
  readonly #net: DescriptorNet
  readonly #peerIp: string
  readonly #keeps: boolean
  #listener: number
  #uses = 0
  #armed = false
  #arrived: DataLink | undefined
  #waiting: ((link: DataLink) => void) | undefined
  /** Of a port that is guarded; else 0. */
  #id = 0

  constructor(net: DescriptorNet, listener: number, port: number, { peerIp, ports }: PassiveOptions) {
    this.port = port
    this.#net = net
    this.#listener = listener
    this.#peerIp = peerIp
    this.#keeps = keepsPorts(ports)
    this.usedAt = net.time
    net.opened(this)
    this.arm()
  }

  /** Lets in the next connection; false when another port must be opened. */
  arm(): boolean {
    if (!this.idle || this.#listener < 0 || this.#uses >= MAX_USES) return false
    // Who came after the last client was let in is nobody's client.
    if (this.#uses > 0) this.#net.native.dropWaiting(this.#listener)
    this.#uses += 1
    this.#armed = true
    this.usedAt = this.#net.time
    return true
  }

  /** Nobody is let in now, nor waits. */
  get idle(): boolean {
    return !this.#armed && this.#arrived === undefined
  }

  /** The connection that has come already. */
  take(): DataLink | undefined {
    this.usedAt = this.#net.time
    const link = this.#arrived ?? this.#letIn()
    this.#arrived = undefined
    if (link !== undefined) this.#unguard()
    return link
  }

  /** Resolves to the connection; rejects when the signal aborts. */
  accept(signal: AbortSignal): Promise<DataLink> {
    return new Promise((resolve, reject) => {
      const arrived = this.take()
      if (arrived !== undefined) return resolve(arrived)
      if (signal.aborted) return reject(signal.reason)
      const stop = () => reject(signal.reason)
      this.#waiting = (link) => {
        signal.removeEventListener('abort', stop)
        resolve(link)
      }
      signal.addEventListener('abort', stop, { once: true })
      this.guard()
    })
  }

  guard(): void {
    if (this.#id !== 0 || this.#listener < 0) return
    this.#id = this.#net.register(() => this.#connected())
    try {
      this.#net.watch(this.#listener, this.#id, READABLE)
    } catch {
      // The system has no memory for it now; the sweep tries again.
      this.#unguard()
    }
  }

  close(): void {
    this.#armed = false
    this.#closeListener()
    this.#arrived?.close()
    this.#arrived = undefined
  }

  #connected(): void {
    const link = this.#letIn()
    if (link === undefined) return
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) this.#arrived = link
    else {
      this.#unguard()
      waiting(link)
    }
  }

  #letIn(): DataLink | undefined {
    const { native } = this.#net
    if (!this.#armed) {
      if (this.#listener >= 0) this.#looked(native.dropWaiting(this.#listener))
      return undefined
    }
    const fd = native.acceptPeer(this.#listener, this.#peerIp)
    if (fd < 0) {
      this.#looked(fd)
      return undefined
    }
    this.#armed = false
    if (!this.#keeps) this.#closeListener()
    return new DataLink(this.#net, fd)
  }

  /** Whoever cannot be let in for want of descriptors stays there, and would be told of in every turn: the sweep looks again. */
  #looked(result: number): void {
    const failed = result < 0 && result !== -EAGAIN
    this.refusal = failed ? getSystemErrorName(result) : undefined
    if (failed) this.#unguard()
  }

  #unguard(): void {
    if (this.#id === 0) return
    this.#net.forget(this.#id)
    this.#id = 0
    if (this.#listener >= 0) this.#net.unwatch(this.#listener)
  }

  #closeListener(): void {
    if (this.#listener < 0) return
    this.#unguard()
    this.#net.closed(this)
    this.#net.native.closeSocket(this.#listener, 0)
    this.#listener = -1
  }
}

/** Armed. Throws transfer.no-data-connection when no port of the range is free. */
export function openDescriptorPort(net: DescriptorNet, options: PassiveOptions): DescriptorPort {
  for (const port of portsToTry(options.ports)) {
    const listener = net.native.listenTcp(options.localIp, port)
    if (listener >= 0) return new DescriptorPort(net, listener, port, options)
    if (listener !== -EADDRINUSE)
      throw new FileServerError('transfer.no-data-connection', `cannot listen (${-listener})`)
  }
  throw new FileServerError('transfer.no-data-connection', 'no passive port is free')
}
