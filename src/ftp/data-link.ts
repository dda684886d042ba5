import { Socket, type SocketConstructorOpts } from 'node:net'
import { constants } from 'node:os'
import type { DescriptorNet } from './descriptor-net.ts'
import type { Link } from './link.ts'

const { EAGAIN } = constants.errno

/**
 * A data connection in clear, as a descriptor that nobody else knows. Nothing is done to a closed one: its number may be
 * another's by then.
 */
export class DataLink implements Link {
  readonly encrypted = false
  readonly more = false
  readonly #net: DescriptorNet
  #fd: number
  /** Of a link that was ever waited for; else 0. */
  #id = 0
  #watched = false
  #ready: () => void = nothing

  constructor(net: DescriptorNet, fd: number) {
    this.#net = net
    this.#fd = fd
  }

  get open(): boolean {
    return this.#fd >= 0
  }

  get descriptor(): number {
    return this.#fd
  }

  send(bytes: Uint8Array, from: number, last: boolean): number {
    const { native } = this.#net
    return this.#moved(native.sendBytes(this.#fd, bytes, from, bytes.length, last ? 1 : 0)) ?? 0
  }

  /** What is taken is the system's. */
  flush(): boolean {
    return true
  }

  receive(into: Uint8Array, used: number): number | undefined {
    return this.#moved(this.#net.native.receiveInto(this.#fd, into, used))
  }

  wait(events: number, ready: () => void): void {
    if (this.#fd < 0) throw new Error('data connection lost')
    this.#ready = ready
    if (this.#id === 0) this.#id = this.#net.register(() => this.#ready())
    this.#net.watch(this.#fd, this.#id, events)
    this.#watched = true
  }

  rest(): void {
    if (this.#watched) this.#net.unwatch(this.#fd)
    this.#watched = false
  }

  endSending(): void {
    this.#moved(this.#net.native.endSending(this.#fd))
  }

  closeGently(): void {
    this.#close(1)
  }

  close(): void {
    this.#close(0)
  }

  cut(): void {
    const ready = this.#ready
    this.close()
    ready()
  }

  /** The connection as one of Node's sockets, paused, for who needs a stream; the link is closed for its own part, also when this throws. */
  toSocket(): Socket {
    this.rest()
    try {
      const socket = socketOn(this.#fd)
      this.#detach()
      return socket
    } catch (cause) {
      this.close()
      throw cause
    }
  }

  #close(discard: number): void {
    if (this.#fd < 0) return
    this.#net.native.closeSocket(this.#detach(), discard)
  }

  #detach(): number {
    const fd = this.#fd
    this.#fd = -1
    this.#watched = false
    this.#ready = nothing
    if (this.#id !== 0) this.#net.forget(this.#id)
    return fd
  }

  #moved(result: number): number | undefined {
    if (result >= 0) return result
    if (result === -EAGAIN) return undefined
    throw new Error(`data connection lost (${-result})`)
  }
}

/** Throws where Node does not take the descriptor, which is the caller's then. */
function socketOn(fd: number): Socket {
  const options: SocketConstructorOpts & { pauseOnCreate: boolean } = {
    fd,
    allowHalfOpen: true,
    pauseOnCreate: true,
  }
  const socket = new Socket(options)
  // 'close' follows, and is where it is handled.
  socket.on('error', nothing)
  return socket
}

function nothing(): void {}
