import type { Socket } from 'node:net'
import { CHANNEL_HIGH_WATER, REPLIES_HELD } from './limits.ts'
import type { Transport } from './ssh-internals.ts'

/**
 * Where replies wait: in the socket, shared by all channels, or in the channel for a window. Requests wait instead of
 * replies: a READ costs a line in a queue, its answer up to 255 KiB.
 */
export type OutputGate = {
  /** Bytes of one channel that wait for the peer's window. */
  open(waitingInChannel: number): boolean
  /** Memory of replies, from where they are made until they are written; the whole of it, however little they fill. */
  hold(bytes: number): void
  drop(bytes: number): void
  readonly held: number
  /** Gathers what is written in this turn of the event loop into one system call. */
  cork(): void
  /** Called when the socket has drained, when less is held, or when a key exchange is over. */
  onOpen(fn: () => void): () => void
  wake(): void
}

export function createOutputGate(socket: Socket, transport: Transport): OutputGate {
  const listeners = new Set<() => void>()
  let held = 0
  let corked = false
  const wake = (): void => {
    for (const listener of [...listeners]) listener()
  }
  socket.on('drain', wake)

  return {
    open: (waitingInChannel) =>
      !transport.inKeyExchange &&
      held < REPLIES_HELD &&
      socket.writableLength < REPLIES_HELD &&
      waitingInChannel < CHANNEL_HIGH_WATER,
    hold(bytes) {
      held += bytes
    },
    drop(bytes) {
      const wasFull = held >= REPLIES_HELD
      held -= bytes
      // A socket tells of its drain before it tells its writers, so that alone would not do.
      if (wasFull && held < REPLIES_HELD) queueMicrotask(wake)
    },
    get held() {
      return held
    },
    cork() {
      if (corked) return
      corked = true
      socket.cork()
      setImmediate(() => {
        corked = false
        socket.uncork()
      })
    },
    onOpen(fn) {
      listeners.add(fn)
      return () => {
        listeners.delete(fn)
      }
    },
    wake,
  }
}
