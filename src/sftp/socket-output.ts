// With socket-input.ts all that knows how a socket of Node looks inside.
import type { Socket } from 'node:net'

/** A function of the addon in `native/`; gives how many bytes were taken, or a negative number. */
export type NativeSend = Readonly<{
  sendBytes(socket: number, bytes: Uint8Array, from: number, to: number): number
}>

/**
 * Hands the first `length` bytes to the system at once, past Node's queue and its turn of the event loop, and gives how
 * many it took. 0 while anything is queued, when the system is full, and when the socket is at its end: the rest, and
 * every error, is for the ordinary way.
 */
export function sendNow(socket: Socket, native: NativeSend, bytes: Uint8Array, length: number): number {
  if (!socket.writable || socket.writableLength > 0) return 0
  const handle: unknown = Reflect.get(socket, '_handle')
  if (typeof handle !== 'object' || handle === null) return 0
  // Asked each time: the number of a descriptor that was closed may be another's.
  const fd: unknown = Reflect.get(handle, 'fd')
  return typeof fd === 'number' && fd >= 0 ? Math.max(0, native.sendBytes(fd, bytes, 0, length)) : 0
}
