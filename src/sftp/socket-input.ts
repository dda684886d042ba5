// The one file that knows how a socket of Node looks inside. What it finds missing it leaves as it is.
import type { Socket } from 'node:net'

/** What `net.connect` sets up for its public option `onread`, which sockets from a server cannot be given. */
function symbolsOf(socket: Socket): { buffer: symbol; callback: symbol } | undefined {
  const all = Object.getOwnPropertySymbols(socket)
  const named = (name: string): symbol | undefined => all.find(({ description }) => description === name)
  const buffer = named('kBuffer')
  const callback = named('kBufferCb')
  if (buffer === undefined || callback === undefined || named('kBufferGen') === undefined) return undefined
  return Reflect.get(socket, buffer) === null && Reflect.get(socket, callback) === null
    ? { buffer, callback }
    : undefined
}

/** Is told how many bytes of the buffer a read filled, and has to copy what it wants to keep of them. */
export type Reader = { received(count: number): void }

/**
 * Lets the socket read into `buffer`, which any number of sockets may share: in place of `data` events `reader` is told of
 * each read. Node would allocate 64 KiB for each read and so bring about a full
 * garbage collection every few dozen MiB. False when this Node can't do it; the socket then works as ever.
 */
export function readInto(socket: Socket, buffer: Buffer, reader: Reader): boolean {
  const handle: unknown = Reflect.get(socket, '_handle')
  const symbols = symbolsOf(socket)
  if (symbols === undefined || typeof handle !== 'object' || handle === null) return false
  const use: unknown = Reflect.get(handle, 'useUserBuffer')
  if (typeof use !== 'function' || socket.isPaused() || socket.readableLength > 0) return false
  Reflect.set(socket, symbols.buffer, buffer)
  Reflect.set(socket, symbols.callback, (count: number) => {
    reader.received(count)
    return true
  })
  Reflect.apply(use, handle, [buffer])
  return true
}
