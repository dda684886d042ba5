import type { Socket } from 'node:net'
import { CHANNEL_HIGH_WATER, REPLIES_HELD } from './limits.ts'
import type { Transport } from './ssh-internals.ts'

/**
 * Where replies wait: in the socket, shared by all channels, or in the channel for a window. Requests wait instead of
 * replies: a READ costs a line in a queue, its answer up to 255 KiB.
 */
export class OutputGate {
  readonly #socket: Socket
  readonly #transport: Transport
  readonly #listeners = new Set<() => void>()
  #held = 0
  #corked = false
  /** To be called when the socket has drained, when less is held, or when a key exchange is over. */
  readonly wake = (): void => {
    for (const listener of [...this.#listeners]) listener()
  }

  constructor(socket: Socket, transport: Transport) {
    this.#socket = socket
    this.#transport = transport
    socket.on('drain', this.wake)
  }

  /** Bytes of one channel that wait for the peer's window. */
  open(waitingInChannel: number): boolean {
    return (
      !this.#transport.inKeyExchange &&
      this.#held < REPLIES_HELD &&
      this.#socket.writableLength < REPLIES_HELD &&
      waitingInChannel < CHANNEL_HIGH_WATER
    )
  }

  /** Memory of replies, from where they are made until they are written; the whole of it, however little they fill. */
  hold(bytes: number): void {
    this.#held += bytes
  }

  drop(bytes: number): void {
    const wasFull = this.#held >= REPLIES_HELD
    this.#held -= bytes
    // A socket tells of its drain before it tells its writers, so that alone would not do.
    if (wasFull && this.#held < REPLIES_HELD) queueMicrotask(this.wake)
  }

  get held(): number {
    return this.#held
  }

  /** Gathers what is written in this turn of the event loop into one system call. */
  cork(): void {
    if (this.#corked) return
    this.#corked = true
    this.#socket.cork()
    setImmediate(() => {
      this.#corked = false
      this.#socket.uncork()
    })
  }

  /** Calls `fn` at each `wake`, until the function that it gives is called. */
  onOpen(fn: () => void): () => void {
    this.#listeners.add(fn)
    return () => {
      this.#listeners.delete(fn)
    }
  }
}
