// With socket-input.ts all that knows how a socket of Node looks inside.
import type { Socket } from 'node:net'

/** A function of the addon in `native/`; gives how many bytes were taken, or a negative number. */
export type NativeSend = Readonly<{
  sendBytes(socket: number, bytes: Uint8Array, from: number, to: number): number
}>

type Inside = { readonly _handle?: { readonly fd?: unknown } | null }

/**
 * The descriptor of a socket that can be written to, to hand bytes to the system at once, past Node's queue and its turn of
 * the event loop; undefined while anything is queued. To be asked each time: the number of a descriptor that was closed may
 * be another's.
 */
export function freeDescriptor(socket: Socket): number | undefined {
  if (socket.writableLength > 0) return undefined
  const fd = (socket as Socket & Inside)._handle?.fd
  return typeof fd === 'number' && fd >= 0 ? fd : undefined
}
