import type { Socket } from 'node:net'
import { type InputRoom, LARGE_BLOCK } from './input-queue.ts'
import {
  FIRST_WINDOW,
  INPUT_SPARE,
  MAX_BYTES_IN_KEX,
  MAX_HELD_PACKETS,
  SOCKET_STOP_READING,
} from './limits.ts'
import type { Transport } from './ssh-internals.ts'

export type GuardOptions = Readonly<{
  socket: Socket
  transport: Transport
  input: InputRoom
  channels: number
  onViolation: (why: string) => void
}>

/**
 * What the channels of a connection may hold together. Windows alone would let each have its own; one packet that is
 * not all there may be in each of them, and must not stop the rest of it from being read.
 */
export const inputLimit = (channels: number): number =>
  Math.max(FIRST_WINDOW, channels * LARGE_BLOCK) + INPUT_SPARE

/**
 * Bounds what a peer makes the server hold: the socket is not read while the requests of all channels hold too much, or
 * while too many answers wait to be sent. And what ssh2 itself would queue for a peer that asks and asks (global
 * requests, channel openings, pings) and does not read, or that begins a key exchange and does not finish it.
 */
export class SocketGuard {
  readonly #options: GuardOptions
  readonly #limit: number
  #received = 0
  #kexSince = 0
  #paused = false

  constructor(options: GuardOptions) {
    const { socket, input, channels } = options
    this.#options = options
    this.#limit = inputLimit(channels)
    socket.on('data', (bytes: Buffer) => this.received(bytes.length))
    socket.on('drain', () => this.goOn())
    input.guard = this
  }

  /** To be called when this side has begun a key exchange, whose answer must be read. */
  goOn(): void {
    if (!this.#paused || this.#isFull()) return
    this.#paused = false
    this.#options.socket.resume()
  }

  /** To be called for each read that is no `data` event. */
  received(bytes: number): void {
    const { transport, socket, onViolation } = this.#options
    this.#received += bytes
    if (!transport.inKeyExchange) this.#kexSince = this.#received
    else if (this.#received - this.#kexSince > MAX_BYTES_IN_KEX || transport.heldPackets > MAX_HELD_PACKETS) {
      onViolation('key exchange without an end')
      return
    }
    if (!this.#isFull()) return
    this.#paused = true
    socket.pause()
  }

  /** During a key exchange no request runs, and what would end it stands behind the data: the windows alone bound that then. */
  #isFull(): boolean {
    const { socket, input, transport } = this.#options
    const overfull = input.held > this.#limit && !transport.inKeyExchange
    return socket.writableLength > SOCKET_STOP_READING || overfull
  }
}
