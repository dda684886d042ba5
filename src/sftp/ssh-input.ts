// With the other ssh-*.ts all that knows how ssh2 1.17 looks inside: the way of a channel's data from packets to us.
import type { ServerChannel, Connection as SshClient } from 'ssh2'
import { FileServerError } from '../core/errors.ts'
import { type DataTaker, type OnPayload, SshDecipher } from './ciphers/ssh-decipher.ts'
import { type Direction, has, isDirection } from './shapes.ts'

const CHANNEL_DATA = 94
const KEXINIT = 20
/** Type, channel and length stand before the data. */
const DATA_AT = 9

export type ChannelInput = {
  /**
   * What came off the transport, between `from` and `to` of a buffer that is used again; `overrun` when the peer sent more
   * than its window.
   */
  data(bytes: Buffer, from: number, to: number, overrun: boolean): void
  /** The peer will send no more. */
  end(): void
}

type Decipher = { _onPayload: unknown; _packet: unknown }
type Protocol = {
  _kexinit: unknown
  _decipher: unknown
  _onPayload: OnPayload
  _parse: (chunk: Buffer, from: number, to: number) => unknown
  parse: (chunk: Buffer, from: number, to: number) => void
}
type Opener = { channelWindowAdjust(channel: number, bytes: number): void }

function isDecipher(value: unknown): value is Decipher {
  return has(value, 'function', '_onPayload', 'decrypt') && Reflect.has(Object(value), '_packet')
}

function isProtocol(value: unknown): value is Protocol {
  return has(value, 'function', '_onPayload', '_parse', 'parse') && Reflect.has(Object(value), '_kexinit')
}

const isOpener = (value: unknown): value is Opener => has(value, 'function', 'channelWindowAdjust')
const protocolOf = (client: SshClient): unknown => Reflect.get(client, '_protocol')

type Taker = { readonly incoming: Direction; readonly input: ChannelInput }

/** Who takes the data of a client's channels, by their number. */
class Takers implements DataTaker {
  readonly byChannel = new Map<number, Taker>()

  /** False for what ssh2 has to look at: no data, data for nobody, or broken. */
  take(bytes: Buffer, from: number, to: number): boolean {
    if (to - from < DATA_AT || bytes[from] !== CHANNEL_DATA) return false
    const taker = this.byChannel.get(bytes.readUInt32BE(from + 1))
    const size = bytes.readUInt32BE(from + 5)
    if (taker === undefined || size !== to - from - DATA_AT) return false
    taker.incoming.window -= size
    taker.input.data(bytes, from + DATA_AT, to, taker.incoming.window < 0)
    return true
  }
}

const takers = new WeakMap<SshClient, Takers>()

function takersOf(client: SshClient): Takers {
  const known = takers.get(client)
  if (known !== undefined) return known
  const made = new Takers()
  takers.set(client, made)
  return made
}

/** What ssh2 gets of each packet, with its copies; `data` spares data even the view. */
function payloadsTo(data: DataTaker, original: OnPayload): OnPayload {
  const onPayload = (payload: Buffer): ReturnType<OnPayload> => {
    if (payload[0] === CHANNEL_DATA)
      return data.take(payload, 0, payload.length) ? undefined : original(payload)
    const result = original(Buffer.from(payload))
    // False: come back with the rest, which from here on belongs to a key exchange.
    return payload[0] === KEXINIT && result === undefined ? false : result
  }
  return Object.assign(onPayload, { data })
}

/** The reads of one connection. A class, as is all that each packet passes: V8 learns nothing from one closure for the next. */
export class SharedReads {
  readonly #protocol: Protocol
  readonly #buffer: Buffer

  constructor(protocol: Protocol, buffer: Buffer) {
    this.#protocol = protocol
    this.#buffer = buffer
  }

  /** Takes the first `count` bytes of the buffer; throws what they break. */
  received(count: number): void {
    this.parse(this.#buffer, 0, count)
  }

  parse(read: Buffer, from: number, to: number): void {
    const protocol = this.#protocol
    // Where a read lies within one packet, ssh2's own deciphers take all of the buffer that they get.
    let bytes = protocol._decipher instanceof SshDecipher ? read : read.subarray(0, to)
    let at = from
    let end = to
    while (at < end) {
      if (protocol._kexinit !== undefined && this.#isShared(bytes)) {
        bytes = Buffer.from(bytes.subarray(at, end))
        at = 0
        end = bytes.length
      }
      const next = protocol._parse(bytes, at, end)
      if (typeof next !== 'number') break
      at = next
    }
    const decipher = protocol._decipher
    // Ours has memory of its own for a packet that is not all there.
    if (decipher instanceof SshDecipher || !isDecipher(decipher)) return
    if (this.#isShared(decipher._packet)) decipher._packet = Buffer.from(decipher._packet)
  }

  #isShared(bytes: unknown): bytes is Uint8Array {
    return bytes instanceof Uint8Array && bytes.buffer === this.#buffer.buffer
  }
}

/**
 * Makes ssh2 copy what it keeps of its input beyond the call, so that all reads can share `buffer`: key exchanges keep
 * whole messages, and a cipher its packet while the MAC is on its way. Channel data goes where it lies, and past ssh2's
 * handlers, to who took it. Undefined when this version of ssh2 looks different, and must be given buffers of its own.
 */
export function shareReads(client: SshClient, buffer: Buffer): SharedReads | undefined {
  const protocol: unknown = protocolOf(client)
  if (!isProtocol(protocol) || !isDecipher(protocol._decipher)) return undefined
  const original = protocol._onPayload
  const onPayload = payloadsTo(takersOf(client), original)
  if (protocol._decipher._onPayload === original) protocol._decipher._onPayload = onPayload
  protocol._onPayload = onPayload
  const reads = new SharedReads(protocol, buffer)
  protocol.parse = (chunk, from, to) => reads.parse(chunk, from, to)
  return reads
}

/** What the peer may send on a channel. */
export class InputWindow {
  readonly #protocol: Opener
  readonly #incoming: Direction
  readonly #peer: number

  /** `peer`: the number that the channel has there. */
  constructor(protocol: Opener, incoming: Direction, peer: number) {
    this.#protocol = protocol
    this.#incoming = incoming
    this.#peer = peer
  }

  /** Lets the peer send so many bytes more; throws when the transport is dead. */
  open(bytes: number): void {
    if (this.#incoming.state !== 'open') return
    this.#incoming.window += bytes
    this.#protocol.channelWindowAdjust(this.#peer, bytes)
  }
}

/**
 * Takes a channel's input past its stream: no copy, and the window opens when we say so and not when a buffer has been
 * read.
 */
export function takeInput(client: SshClient, channel: ServerChannel, input: ChannelInput): InputWindow {
  const { incoming, outgoing } = channel
  const protocol = protocolOf(client)
  if (!isDirection(incoming) || !isDirection(outgoing) || !isOpener(protocol)) {
    throw new FileServerError('internal', 'this version of ssh2 has no window')
  }
  const channels = takersOf(client).byChannel
  const { id } = incoming
  const push = channel.push.bind(channel)
  channels.set(id, { incoming, input })
  channel.once('close', () => {
    // By then the number may be another channel's.
    if (channels.get(id)?.input === input) channels.delete(id)
  })
  channel.push = (piece: unknown) => {
    if (Buffer.isBuffer(piece)) {
      input.data(piece, 0, piece.length, incoming.window < 0)
      // Not true: ssh2 would open the window at once.
      return false
    }
    // Data after it is for ssh2 to refuse.
    channels.delete(id)
    // Let the stream end as usual, so that its `end` and `close` events come.
    push(null)
    channel.resume()
    input.end()
    return false
  }
  return new InputWindow(protocol, incoming, outgoing.id)
}
