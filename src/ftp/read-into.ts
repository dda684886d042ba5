import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Where a socket's bytes go. */
export type Reader = Readonly<{
  /**
   * `bytes` of the last buffer have been filled; false stops reading until `socket.resume()`. A TLS socket still fills
   * what it had received before the stop.
   */
  filled: (bytes: number) => boolean
  /** The memory for the next read; asked after each `filled`, also after one that stopped. Never empty. */
  next: () => Uint8Array
}>

/**
 * Node reads into memory of ours only for sockets that it connects itself (`onread`); these are the names under which
 * the option is kept. Undefined in a Node that has others: callers then read 'data' events, at a higher price.
 */
function findNames() {
  const names = new Map(Object.getOwnPropertySymbols(new Socket()).map((name) => [name.description, name]))
  const buffer = names.get('kBuffer')
  const callback = names.get('kBufferCb')
  const generator = names.get('kBufferGen')
  if (buffer === undefined || callback === undefined || generator === undefined) return undefined
  return { buffer, callback, generator }
}

const NAMES = findNames()

type Handle = { useUserBuffer(buffer: Uint8Array): void }

function handleOf(socket: Duplex): Handle | undefined {
  const handle: Handle | null | undefined = Reflect.get(socket, '_handle')
  return typeof handle?.useUserBuffer === 'function' ? handle : undefined
}

/** False when this Node has no way to do it, or the socket is gone. */
export function canReadInto(socket: Duplex): boolean {
  return NAMES !== undefined && handleOf(socket) !== undefined
}

/**
 * Makes a socket (or TLS socket) that `canReadInto` accepts fill `reader`'s memory in place of telling 'data'; 'end'
 * and all else stay. The only code that knows Node's inner names.
 */
export function readInto(socket: Duplex, { filled, next }: Reader): void {
  const handle = handleOf(socket)
  if (NAMES === undefined || handle === undefined) return
  const first = next()
  Reflect.set(socket, NAMES.buffer, first)
  Reflect.set(socket, NAMES.callback, filled)
  Reflect.set(socket, NAMES.generator, next)
  handle.useUserBuffer(first)
}
