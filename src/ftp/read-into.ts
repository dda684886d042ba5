// The only code that knows Node's inner names. Every caller has a way without them.
import { type Server, Socket } from 'node:net'
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
type SessionHandle = {
  loadSession(data: Uint8Array): void
  enableSessionCallbacks(): void
  endParser(): void
}

function tlsHandleOf(secure: TLSSocket): TlsHandle | undefined {
  const handle: TlsHandle | null | undefined = Reflect.get(secure, '_handle')
  return typeof handle?.receive === 'function' ? handle : undefined
}

function sessionHandleOf(secure: TLSSocket): SessionHandle | undefined {
  const handle: SessionHandle | null | undefined = Reflect.get(secure, '_handle')
  const { loadSession, enableSessionCallbacks, endParser } = handle ?? {}
  const all = [loadSession, enableSessionCallbacks, endParser]
  return all.every((method) => typeof method === 'function') ? (handle ?? undefined) : undefined
}

/** Whether TLS sockets can be given encrypted bytes, and sessions by hand. */
function findReceive(): boolean {
  const probe = new TLSSocket(new Duplex({ read() {} }), {
    isServer: true,
    secureContext: createSecureContext(),
  })
  const found = tlsHandleOf(probe) !== undefined && sessionHandleOf(probe) !== undefined
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
 * Reads for a TLS socket that was just made on `raw`, when all it carries comes in: without this it would keep 64 KiB to
 * read into for as long as it lives. The end of `raw` is told by `raw` alone; what came before it has been decrypted by then.
 *
 * Such a socket is no longer told when a write that had to wait for the peer is done, and would write no more: a handshake
 * is all that it may send.
 */
export function readThrough(raw: Socket, secure: TLSSocket): void {
  const filled = (bytes: number) => {
    tlsHandleOf(secure)?.receive(ENCRYPTED.subarray(0, bytes))
    return true
  }
  readInto(raw, { filled, next: encrypted })
}

const stop = () => false

/** Calls back with what comes first, and reads no more; `raw` is to be resumed by the caller. */
export function readOnce(raw: Socket, then: (bytes: Buffer) => void): void {
  const filled = (bytes: number) => {
    // The socket would keep what is called, and with it all that it knows.
    if (NAMES !== undefined) Reflect.set(raw, NAMES.callback, stop)
    then(Buffer.from(ENCRYPTED.subarray(0, bytes)))
    return false
  }
  readInto(raw, { filled, next: encrypted })
}

/** Less than the room of the first buffer that a TLS socket makes when it is asked for little; a full one gets company. */
const FIRST_BUFFER = 1023
/** In front of the session's id in a ClientHello: headers of record and message, version and random. RFC 5246, 7.4.1.2. */
const ID_LENGTH_AT = 43

/**
 * Gives a TLS socket that was just made on `raw`, without a server, the bytes that `readOnce` took, and then what a server
 * does for it: `sessions` has sessions by their id. Told of a server from the start it would make a buffer of 16 KiB for
 * the ClientHello and keep it; reading by itself from the start, one of 64 KiB.
 */
export function beginWith(hello: Buffer, secure: TLSSocket, sessions: Server): void {
  const idAt = ID_LENGTH_AT + 1
  const id = hello.subarray(idAt, idAt + (hello[ID_LENGTH_AT] ?? 0))
  const handle = sessionHandleOf(secure)
  sessions.emit('resumeSession', id, (_error: null, data: Buffer | null) => {
    if (data !== null) handle?.loadSession(data)
  })
  Reflect.set(secure, 'server', sessions)
  for (let at = 0; at < hello.length; at += FIRST_BUFFER) {
    tlsHandleOf(secure)?.receive(hello.subarray(at, at + FIRST_BUFFER))
    if (at > 0) continue
    handle?.enableSessionCallbacks()
    // It would look for a ClientHello, which has been seen.
    handle?.endParser()
  }
}
