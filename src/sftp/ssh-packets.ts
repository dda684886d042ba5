// With ssh-internals.ts all that knows how ssh2 1.17 looks inside: the way of a channel's data into encrypted packets.
import type { Socket } from 'node:net'
import type { ServerChannel, Connection as SshClient } from 'ssh2'
import { FileServerError } from '../core/errors.ts'
import type { Burst } from './burst.ts'
import {
  MESSAGE_HEADER,
  type Outgoing,
  PACKET_HEADER,
  sealPackets,
  writeMessageHeader,
} from './channel-data.ts'
import { SshCipher } from './ciphers/ssh-cipher.ts'
import { has, isObject } from './shapes.ts'
import { freeDescriptor, type NativeSend } from './socket-output.ts'
import { encryptPackets, isCipher } from './ssh-layout.ts'
import type { Traffic } from './timers.ts'

/** Room to leave in front of data that is to be sent in place: headers, padding and MAC of so many packets. */
export const ROOM_PER_PACKET = 112

export type PacketWriter = {
  /** Bytes the peer takes now; 0 while keys are exchanged and once this side has ended. */
  readonly room: number
  /**
   * Sends as much as there is room for and moves `from`. True: the memory is in use until `written` is called.
   * Throws when the transport is dead.
   */
  send(outgoing: Outgoing, written: () => void): boolean
  /**
   * Sends small replies together, as one packet that leaves at once. False, and nothing is sent, where that cannot be: they
   * then take the way of `send`. Throws when the transport is dead.
   */
  sendNow(burst: Burst): boolean
  /** Calls `fn` when the peer next opens its window. */
  onWindow(fn: () => void): void
}

type Protocol = { _kexinit: unknown; _cipher: unknown; channelData(id: number, data: Buffer): void }
type Outlet = {
  outgoing: { id: number; window: number; packetSize: number; state: string }
  _waitWindow: boolean
  _chunk: unknown
  _chunkcb: unknown
}

function isProtocol(value: unknown): value is Protocol {
  return isObject(value) && '_kexinit' in value && '_cipher' in value && has(value, 'function', 'channelData')
}

function isOutlet(value: unknown): value is Outlet {
  if (!isObject(value) || !has(value, 'boolean', '_waitWindow') || !('_chunkcb' in value)) return false
  const outgoing: unknown = Reflect.get(value, 'outgoing')
  if (!isObject(outgoing) || !has(outgoing, 'string', 'state')) return false
  return has(outgoing, 'number', 'id', 'window', 'packetSize')
}

/** Where packets go, and are counted. `native`: what sends them past Node's queue. */
export type Wire = Readonly<{ socket: Socket; traffic: Traffic; native: NativeSend | undefined }>

/** The way of a channel's data into encrypted packets. A class: every idle session has one. */
class Writer implements PacketWriter {
  readonly #protocol: Protocol
  readonly #channel: Outlet
  readonly #wire: Wire

  constructor(protocol: Protocol, channel: Outlet, wire: Wire) {
    this.#protocol = protocol
    this.#channel = channel
    this.#wire = wire
  }

  get room(): number {
    const peer = this.#channel.outgoing
    return this.#protocol._kexinit === undefined && peer.state === 'open' ? Math.max(0, peer.window) : 0
  }

  send(outgoing: Outgoing, written: () => void): boolean {
    if (this.room === 0) return false
    const before = outgoing.from
    const used = this.#sendInPlace(outgoing, written)
    this.#sendCopies(outgoing)
    this.#wire.traffic.bytes += outgoing.from - before
    return used
  }

  sendNow(burst: Burst): boolean {
    const { socket, native, traffic } = this.#wire
    const peer = this.#channel.outgoing
    const cipher = this.#protocol._cipher
    const { memory, length } = burst
    if (native === undefined || !(cipher instanceof SshCipher)) return false
    if (length > this.room || length > peer.packetSize) return false
    if (cipher._dead || !socket.writable) throw new FileServerError('transfer.aborted', 'transport is dead')
    const fd = freeDescriptor(socket)
    if (fd === undefined) return false
    writeMessageHeader(memory, PACKET_HEADER, peer.id, length)
    const size = cipher.frameIn(memory, MESSAGE_HEADER + length)
    const sent = cipher.send(memory, size, fd, native)
    if (sent < size) socket.write(Buffer.from(memory.subarray(sent, size)))
    peer.window -= length
    traffic.bytes += length
    return true
  }

  onWindow(fn: () => void): void {
    const channel = this.#channel
    if (channel._chunk !== undefined)
      throw new FileServerError('internal', 'the stream of a channel was written to')
    // What ssh2 calls when a window opens for which a write has waited.
    channel._waitWindow = true
    channel._chunkcb = () => {
      channel._chunkcb = undefined
      fn()
    }
  }

  #sendInPlace(outgoing: Outgoing, written: () => void): boolean {
    const { socket } = this.#wire
    const cipher = this.#protocol._cipher
    if (!isCipher(cipher)) return false
    if (cipher._dead || !socket.writable) throw new FileServerError('transfer.aborted', 'transport is dead')
    const peer = this.#channel.outgoing
    const pieces =
      cipher instanceof SshCipher
        ? sealPackets(cipher, outgoing, peer)
        : encryptPackets(cipher, outgoing, peer)
    if (pieces.length > 1) socket.cork()
    for (const [index, bytes] of pieces.entries()) {
      if (index === pieces.length - 1) socket.write(bytes, written)
      else socket.write(bytes)
    }
    if (pieces.length > 1) socket.uncork()
    return pieces.length > 0
  }

  #sendCopies(outgoing: Outgoing): void {
    const peer = this.#channel.outgoing
    while (outgoing.from < outgoing.to) {
      const count = Math.min(this.room, peer.packetSize, outgoing.to - outgoing.from)
      if (count === 0) return
      this.#protocol.channelData(peer.id, outgoing.memory.subarray(outgoing.from, outgoing.from + count))
      peer.window -= count
      outgoing.from += count
    }
  }
}

export function createPacketWriter(
  client: SshClient | object,
  channel: ServerChannel | object,
  wire: Wire,
): PacketWriter {
  const protocol: unknown = Reflect.get(client, '_protocol')
  if (!isProtocol(protocol) || !isOutlet(channel)) {
    throw new FileServerError('internal', 'this version of ssh2 has other channels')
  }
  return new Writer(protocol, channel, wire)
}
