// The only code that knows Node's inner names. Every caller has a way without them.
import { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { createSecureContext, TLSSocket } from 'node:tls'

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
type TlsHandle = { receive(encrypted: Uint8Array): void }

function tlsHandleOf(secure: TLSSocket): TlsHandle | undefined {
  const handle: TlsHandle | null | undefined = Reflect.get(secure, '_handle')
  return typeof handle?.receive === 'function' ? handle : undefined
}

/** Whether TLS sockets can be given encrypted bytes. */
function findReceive(): boolean {
  const probe = new TLSSocket(new Duplex({ read() {} }), {
    isServer: true,
    secureContext: createSecureContext(),
  })
  const found = tlsHandleOf(probe) !== undefined
  probe.destroy()
  return found
}

const CAN_RECEIVE = findReceive()

/** What one read of any socket below TLS brings: decrypted before the next, so one is enough for all. */
const ENCRYPTED = Buffer.allocUnsafeSlow(64 * 1024)
const encrypted = () => ENCRYPTED

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
 * and all else stay.
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

/** False when this Node has no way to do it, or the socket is gone. */
export function canReadThrough(raw: Socket): boolean {
  return CAN_RECEIVE && canReadInto(raw)
}

/**
 * Reads for a TLS socket that was just made on `raw`: without this each keeps 64 KiB to read into for as long as it
 * lives. The end of `raw` is told by `raw` alone; what came before it has been decrypted by then.
 *
 * A TLS socket made on `raw` itself is no longer told when a write that had to wait for the peer is done, and would
 * write no more. Those that send more than a handshake are made on `writeSideOf(raw)` (write-side.ts).
 */
export function readThrough(raw: Socket, secure: TLSSocket): void {
  const filled = (bytes: number) => {
    tlsHandleOf(secure)?.receive(ENCRYPTED.subarray(0, bytes))
    return true
  }
  readInto(raw, { filled, next: encrypted })
}
