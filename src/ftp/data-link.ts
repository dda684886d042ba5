import { Socket, type SocketConstructorOpts } from 'node:net'
import { constants } from 'node:os'
import type { DescriptorNet } from './descriptor-net.ts'

const { EAGAIN } = constants.errno

/**
 * A data connection in clear, as a descriptor that nobody else knows. Whoever takes it closes it; `close` is idempotent,
 * and nothing is done to a closed one: its number may be another's by then.
 */
export class DataLink {
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

  /** -1 when it is closed. */
  get descriptor(): number {
    return this.#fd
  }

  /** Gives how many bytes were taken, 0 when there is no room now. Throws when the connection is lost. */
  send(bytes: Uint8Array, from: number): number {
    return this.#moved(this.#net.native.sendBytes(this.#fd, bytes, from, bytes.length)) ?? 0
  }

  /** Fills `into` behind its first `used` bytes. 0 at the end, undefined when nothing is here now. */
  receive(into: Uint8Array, used: number): number | undefined {
    return this.#moved(this.#net.native.receiveInto(this.#fd, into, used))
  }

  /** `ready` is called as long as the link is ready for `events`, until `rest`, another `wait` or `close`. Throws when it is closed. */
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

  /** The peer sees the end behind what was sent. Throws when the connection is lost. */
  endSending(): void {
    this.#moved(this.#net.native.endSending(this.#fd))
  }

  /** Closes without cutting what is still on its way to the peer, whatever the peer has sent. */
  closeGently(): void {
    this.#close(1)
  }

  close(): void {
    this.#close(0)
  }

  /** Closes, and lets who waits find out. */
  cut(): void {
    const ready = this.#ready
    this.close()
    ready()
  }

  /** The connection as one of Node's sockets, paused, for who needs a stream; the link is closed for its own part. */
  toSocket(): Socket {
    this.rest()
    const fd = this.#detach()
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

function nothing(): void {}
