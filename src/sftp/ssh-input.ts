// With the other ssh-*.ts all that knows how ssh2 1.17 looks inside: the way of a channel's data from packets to us.
import type { ServerChannel, Connection as SshClient } from 'ssh2'
import { FileServerError } from '../core/errors.ts'
import { type OnPayload, SshDecipher } from './ciphers/ssh-decipher.ts'
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
const takers = new WeakMap<SshClient, Map<number, Taker>>()

function takersOf(client: SshClient): Map<number, Taker> {
  const known = takers.get(client)
  if (known !== undefined) return known
  const made = new Map<number, Taker>()
  takers.set(client, made)
  return made
}

/** Of a payload between `from` and `to`; false for what ssh2 has to look at: no data, data for nobody, or broken. */
function deliver(channels: ReadonlyMap<number, Taker>, bytes: Buffer, from: number, to: number): boolean {
  if (to - from < DATA_AT || bytes[from] !== CHANNEL_DATA) return false
  const taker = channels.get(bytes.readUInt32BE(from + 1))
  const size = bytes.readUInt32BE(from + 5)
  if (taker === undefined || size !== to - from - DATA_AT) return false
  taker.incoming.window -= size
  taker.input.data(bytes, from + DATA_AT, to, taker.incoming.window < 0)
  return true
}

/** What ssh2 gets of each packet, with its copies; `takeData` spares data even the view. */
function payloadsTo(channels: ReadonlyMap<number, Taker>, original: OnPayload): OnPayload {
  const takeData = (bytes: Buffer, from: number, to: number): boolean => deliver(channels, bytes, from, to)
  const onPayload = (payload: Buffer): ReturnType<OnPayload> => {
    if (payload[0] === CHANNEL_DATA)
      return takeData(payload, 0, payload.length) ? undefined : original(payload)
    const result = original(Buffer.from(payload))
    // False: come back to `receive` with the rest, which from here on belongs to a key exchange.
    return payload[0] === KEXINIT && result === undefined ? false : result
  }
  return Object.assign(onPayload, { takeData })
}

/**
 * Makes ssh2 copy what it keeps of its input beyond the call, so that all reads can share `buffer`: key exchanges keep
 * whole messages, and a cipher its packet while the MAC is on its way. Channel data goes where it lies, and past ssh2's
 * handlers, to who took it. Gives what takes a read of so many bytes in `buffer`, and throws what they break; undefined
 * when this version of ssh2 looks different, and must be given buffers of its own.
 */
export function shareReads(client: SshClient, buffer: Buffer): ((count: number) => void) | undefined {
  const protocol: unknown = protocolOf(client)
  if (!isProtocol(protocol) || !isDecipher(protocol._decipher)) return undefined
  const isShared = (bytes: unknown): bytes is Uint8Array =>
    bytes instanceof Uint8Array && bytes.buffer === buffer.buffer
  const original = protocol._onPayload
  const onPayload = payloadsTo(takersOf(client), original)
  if (protocol._decipher._onPayload === original) protocol._decipher._onPayload = onPayload
  protocol._onPayload = onPayload
  const receive = (read: Buffer, from: number, to: number): void => {
    let bytes = read
    let at = from
    let end = to
    while (at < end) {
      if (protocol._kexinit !== undefined && isShared(bytes)) {
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
    if (decipher instanceof SshDecipher) return
    if (isDecipher(decipher) && isShared(decipher._packet)) decipher._packet = Buffer.from(decipher._packet)
  }
  protocol.parse = receive
  return (count) => receive(buffer, 0, count)
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
  const protocol = protocolOf(client)
  if (!isDirection(incoming) || !isDirection(outgoing) || !isOpener(protocol)) {
    throw new FileServerError('internal', 'this version of ssh2 has no window')
  }
  const channels = takersOf(client)
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
  return (bytes) => {
    if (incoming.state !== 'open') return
    incoming.window += bytes
    protocol.channelWindowAdjust(outgoing.id, bytes)
  }
}
