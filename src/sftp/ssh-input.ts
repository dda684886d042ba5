// With the other ssh-*.ts all that knows how ssh2 1.17 looks inside: the way of a channel's data from packets to us.
import type { ServerChannel, Connection as SshClient } from 'ssh2'
import { FileServerError } from '../core/errors.ts'
import { SshDecipher } from './ciphers/ssh-decipher.ts'
import { type Direction, has, isDirection } from './shapes.ts'

const CHANNEL_DATA = 94
const KEXINIT = 20
/** Type, channel and length stand before the data. */
const DATA_AT = 9

export type ChannelInput = {
  /** Bytes of a buffer that is used again, as they come off the transport; `overrun` when the peer sent more than its window. */
  data(piece: Buffer, overrun: boolean): void
  /** The peer will send no more. */
  end(): void
}

type Decipher = { _onPayload: (payload: Buffer) => unknown; _packet: unknown }
type Protocol = {
  _kexinit: unknown
  _decipher: unknown
  _onPayload: (payload: Buffer) => unknown
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

/** False for what ssh2 has to look at: data for nobody, or broken. */
function deliver(channels: ReadonlyMap<number, Taker>, payload: Buffer): boolean {
  if (payload.length < DATA_AT) return false
  const taker = channels.get(payload.readUInt32BE(1))
  const size = payload.readUInt32BE(5)
  if (taker === undefined || size !== payload.length - DATA_AT) return false
  taker.incoming.window -= size
  taker.input.data(payload.subarray(DATA_AT), taker.incoming.window < 0)
  return true
}

/**
 * Makes ssh2 copy what it keeps of its input beyond the call, so that all reads can share `buffer`: key exchanges keep
 * whole messages, and a cipher its packet while the MAC is on its way. Channel data goes as a view, and past ssh2's
 * handlers, to who took it. Gives what takes the bytes of a read, and throws what they break; undefined when this version
 * of ssh2 looks different, and must be given buffers of its own.
 */
export function shareReads(client: SshClient, buffer: Buffer): ((bytes: Buffer) => void) | undefined {
  const protocol: unknown = protocolOf(client)
  if (!isProtocol(protocol) || !isDecipher(protocol._decipher)) return undefined
  const channels = takersOf(client)
  const isShared = (bytes: unknown): bytes is Uint8Array =>
    bytes instanceof Uint8Array && bytes.buffer === buffer.buffer
  const original = protocol._onPayload
  const onPayload = (payload: Buffer): unknown => {
    if (payload[0] === CHANNEL_DATA) return deliver(channels, payload) ? undefined : original(payload)
    const result = original(Buffer.from(payload))
    // False: come back to `receive` with the rest, which from here on belongs to a key exchange.
    return payload[0] === KEXINIT && result === undefined ? false : result
  }
  if (protocol._decipher._onPayload === original) protocol._decipher._onPayload = onPayload
  protocol._onPayload = onPayload
  const receive = (read: Buffer): void => {
    let bytes = read
    while (bytes.length > 0) {
      if (protocol._kexinit !== undefined && isShared(bytes)) bytes = Buffer.from(bytes)
      const next = protocol._parse(bytes, 0, bytes.length)
      if (typeof next !== 'number') break
      bytes = bytes.subarray(next)
    }
    const decipher = protocol._decipher
    // Ours has memory of its own for a packet that is not all there.
    if (decipher instanceof SshDecipher) return
    if (isDecipher(decipher) && isShared(decipher._packet)) decipher._packet = Buffer.from(decipher._packet)
  }
  protocol.parse = (chunk, from, to) => receive(chunk.subarray(from, to))
  return receive
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
      input.data(piece, incoming.window < 0)
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
