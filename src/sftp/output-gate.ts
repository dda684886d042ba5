import type { Socket } from 'node:net'
import { CHANNEL_HIGH_WATER, QUEUED_HIGH_WATER, SOCKET_HIGH_WATER } from './limits.ts'
import type { Transport } from './ssh-internals.ts'

/**
 * Where replies wait: in the socket, shared by all channels, or in the channel for a window. Requests wait instead of
 * replies: a READ costs a line in a queue, its answer up to 255 KiB.
 */
export type OutputGate = {
  /** Bytes of one channel that wait for the peer's window. */
  open(waitingInChannel: number): boolean
  /** Keeps room for replies that are being made. */
  reserve(bytes: number): void
  free(bytes: number): void
  /** Bytes of any channel that begin and end to wait for a window. */
  queued(bytes: number): void
  sent(bytes: number): void
  /** Gathers what is written in this turn of the event loop into one system call. */
  cork(): void
  /** Called when the socket has drained or a key exchange is over. */
  onOpen(fn: () => void): () => void
  wake(): void
}

export function createOutputGate(socket: Socket, transport: Transport): OutputGate {
  const listeners = new Set<() => void>()
  let reserved = 0
  let queued = 0
  let corked = false
  const wake = (): void => {
    for (const listener of [...listeners]) listener()
  }
  socket.on('drain', wake)

  return {
    open: (waitingInChannel) =>
      !transport.inKeyExchange &&
      socket.writableLength + reserved < SOCKET_HIGH_WATER &&
      queued < QUEUED_HIGH_WATER &&
      waitingInChannel < CHANNEL_HIGH_WATER,
    reserve(bytes) {
      reserved += bytes
    },
    free(bytes) {
      reserved -= bytes
    },
    queued(bytes) {
      queued += bytes
    },
    sent(bytes) {
      queued -= bytes
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
