// The one file that knows how ssh2 1.17 looks inside. Each use stands here with its reason, is checked at run time and
// has a test, so that another version of ssh2 fails loudly instead of quietly.
import type { Socket } from 'node:net'
import type { ServerChannel, Connection as SshClient, Session as SshSession } from 'ssh2'
import { FileServerError } from '../core/errors.ts'
import type { NativeCiphers } from './ciphers/native-crypto.ts'
import type { DisconnectCode } from './error-map.ts'
import { useOwnCiphers } from './ssh-ciphers.ts'

type Handler = (protocol: unknown, ...rest: unknown[]) => void

type Protocol = {
  _kexinit: unknown
  _queue: unknown
  _handlers: Record<string, Handler>
  disconnect(reason: number): void
  ping(): void
  serviceAccept(name: string): void
  channelWindowAdjust(channel: number, bytes: number): void
  channelOpenConfirm(remote: number, local: number, window: number, packetSize: number): void
}

type Direction = { id: number; window: number; state: string }

function hasFunctions(value: unknown, ...names: string[]): boolean {
  if (typeof value !== 'object' || value === null) return false
  return names.every((name) => typeof Reflect.get(value, name) === 'function')
}

function isProtocol(value: unknown): value is Protocol {
  return (
    hasFunctions(value, 'disconnect', 'ping', 'serviceAccept', 'channelWindowAdjust', 'channelOpenConfirm') &&
    typeof Reflect.get(Object(value), '_handlers') === 'object'
  )
}

function isDirection(value: unknown): value is Direction {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof Reflect.get(value, 'id') === 'number' &&
    typeof Reflect.get(value, 'window') === 'number'
  )
}

function unfit(what: string): FileServerError {
  return new FileServerError('internal', `this version of ssh2 has no ${what}`)
}

/** The socket that a client of ssh2's server runs on; its only public trace is an address. */
export function socketOf(client: SshClient): Socket {
  const socket: unknown = Reflect.get(client, '_sock')
  if (!hasFunctions(socket, 'destroySoon', 'setNoDelay')) throw unfit('_sock')
  return socket as Socket
}

export type Transport = {
  readonly inKeyExchange: boolean
  /** Outgoing packets that ssh2 keeps until the key exchange is over; it has no bound for them. */
  readonly heldPackets: number
  /** Throws when the transport is already dead. */
  disconnect(reason: DisconnectCode): void
  ping(): void
  /** Accepts a session with a window of our size: ssh2 always grants 2 MiB, and grants it again by itself. */
  acceptSession(accept: () => SshSession, window: number): SshSession
}

export function transportOf(client: SshClient, native: NativeCiphers | undefined): Transport {
  const protocol: unknown = Reflect.get(client, '_protocol')
  if (!isProtocol(protocol)) throw unfit('_protocol')
  allowRepeatedServiceRequest(client, protocol)
  useOwnCiphers(protocol, native)
  return {
    get inKeyExchange() {
      return protocol._kexinit !== undefined
    },
    get heldPackets() {
      return Array.isArray(protocol._queue) ? protocol._queue.length : 0
    },
    disconnect: (reason) => protocol.disconnect(reason),
    ping: () => protocol.ping(),
    acceptSession(accept, window) {
      const confirm = protocol.channelOpenConfirm
      protocol.channelOpenConfirm = (remote, local, _window, packetSize) =>
        confirm.call(protocol, remote, local, window, packetSize)
      const session = accept()
      protocol.channelOpenConfirm = confirm
      const incoming: unknown = Reflect.get(Object(Reflect.get(session, '_chanInfo')), 'incoming')
      if (!isDirection(incoming)) throw unfit('_chanInfo')
      incoming.window = window
      return session
    },
  }
}

/** paramiko asks for ssh-userauth before each attempt, which RFC 4252 allows; ssh2 would disconnect it. */
function allowRepeatedServiceRequest(client: SshClient, protocol: Protocol): void {
  const first = protocol._handlers.SERVICE_REQUEST
  if (first === undefined) throw unfit('SERVICE_REQUEST handler')
  let accepted = false
  protocol._handlers.SERVICE_REQUEST = (self, ...rest) => {
    const again = accepted && rest[0] === 'ssh-userauth' && Reflect.get(client, 'authenticated') === false
    if (again) protocol.serviceAccept('ssh-userauth')
    else first(self, ...rest)
    accepted = true
  }
}

const CHANNEL_DATA = 94
const KEXINIT = 20

type Decipher = { _onPayload: (payload: Buffer) => unknown; _packet: unknown }
type Parser = {
  _kexinit: unknown
  _decipher: unknown
  _onPayload: (payload: Buffer) => unknown
  _parse: (chunk: Buffer, from: number, to: number) => unknown
  parse: (chunk: Buffer, from: number, to: number) => void
}

function isDecipher(value: unknown): value is Decipher {
  return hasFunctions(value, '_onPayload', 'decrypt') && Reflect.has(Object(value), '_packet')
}

function isParser(value: unknown): value is Parser {
  return hasFunctions(value, '_onPayload', '_parse', 'parse') && Reflect.has(Object(value), '_kexinit')
}

/**
 * Makes ssh2 copy what it keeps of its input beyond the call, so that all reads can share `buffer`: key exchanges keep
 * whole messages, and a cipher its packet while the MAC is on its way. Channel data is passed on as a view. False when
 * this version of ssh2 looks different; it must then be given buffers of its own.
 */
export function copyWhatIsKept(client: SshClient, buffer: Buffer): boolean {
  const protocol: unknown = Reflect.get(client, '_protocol')
  if (!isParser(protocol) || !isDecipher(protocol._decipher)) return false
  const isShared = (bytes: unknown): bytes is Uint8Array =>
    bytes instanceof Uint8Array && bytes.buffer === buffer.buffer
  const original = protocol._onPayload
  const onPayload = (payload: Buffer): unknown => {
    if (payload[0] === CHANNEL_DATA) return original(payload)
    const result = original(Buffer.from(payload))
    // False: come back to `parse` with the rest, which from here on belongs to a key exchange.
    return payload[0] === KEXINIT && result === undefined ? false : result
  }
  if (protocol._decipher._onPayload === original) protocol._decipher._onPayload = onPayload
  protocol._onPayload = onPayload
  protocol.parse = (chunk, from, to) => {
    let bytes = chunk.subarray(from, to)
    while (bytes.length > 0) {
      if (protocol._kexinit !== undefined && isShared(bytes)) bytes = Buffer.from(bytes)
      const next = protocol._parse(bytes, 0, bytes.length)
      bytes = bytes.subarray(typeof next === 'number' ? next : bytes.length)
    }
    const decipher = protocol._decipher
    if (isDecipher(decipher) && isShared(decipher._packet)) decipher._packet = Buffer.from(decipher._packet)
  }
  return true
}

export type ChannelInput = {
  /** Each piece as it comes off the transport; `overrun` when the peer sent more than its window. */
  data(piece: Buffer, overrun: boolean): void
  /** The peer will send no more. */
  end(): void
}

/**
 * Takes a channel's input past its stream: no copy, and the window opens when we say so and not when a buffer has been
 * read. Returns the function that opens it by so many bytes.
 */
export function takeInput(
  client: SshClient,
  channel: ServerChannel,
  input: ChannelInput,
): (bytes: number) => void {
  const { incoming, outgoing } = channel
  const protocol: unknown = Reflect.get(client, '_protocol')
  if (!isDirection(incoming) || !isDirection(outgoing) || !isProtocol(protocol)) throw unfit('window')
  const push = channel.push.bind(channel)
  channel.push = (piece: unknown) => {
    if (Buffer.isBuffer(piece)) {
      input.data(piece, incoming.window < 0)
      // Not true: ssh2 would open the window at once.
      return false
    }
    // Let the stream end as usual, so that its `end` and `close` events come.
    push(null)
    channel.resume()
    input.end()
    return false
  }
  return (bytes) => {
    if (incoming.state !== 'open') return
    incoming.window += bytes
    protocol.channelWindowAdjust(outgoing.id, bytes)
  }
}
