// With ssh-internals.ts all that knows how ssh2 1.17 looks inside: the way of a channel's data into encrypted packets.
import type { Socket } from 'node:net'
import type { ServerChannel, Connection as SshClient } from 'ssh2'
import { FileServerError } from '../core/errors.ts'
import { BEFORE_DATA, type Burst } from './burst.ts'
import { paddingTo } from './ciphers/packet-crypto.ts'
import { SshCipher } from './ciphers/ssh-cipher.ts'
import { fillRandom } from './randomness.ts'
import { has, isObject } from './shapes.ts'
import { freeDescriptor, type NativeSend } from './socket-output.ts'
import type { Traffic } from './timers.ts'

/** Data on its way: the bytes from `from` to `to` are to be sent; what stands between `free` and `from` may be overwritten. */
export type Outgoing = { readonly memory: Buffer; free: number; from: number; readonly to: number }

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

const CHANNEL_DATA = 94
const MESSAGE_HEADER = 9
const PACKET_HEADER = 5

type Cipher = {
  _dead: boolean
  _onWrite: (bytes: Uint8Array) => void
  allocPacket(size: number): Buffer
  encrypt(packet: Buffer): void
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

function isCipher(value: unknown): value is Cipher {
  if (!isObject(value) || !has(value, 'boolean', '_dead')) return false
  return has(value, 'function', '_onWrite', 'allocPacket', 'encrypt')
}

/** `clear`: bytes of the length field that do not count for the alignment. `mac`: bytes to leave behind the packet. */
type Layout = Readonly<{ block: number; clear: number; mac: number }>

const LAYOUTS = [
  { block: 16, clear: 4 },
  { block: 8, clear: 4 },
  { block: 16, clear: 0 },
] as const
const PROBED = 1000

function paddingFor({ block, clear }: Omit<Layout, 'mac'>, payload: number): number {
  return paddingTo(block, PACKET_HEADER + payload - clear)
}

const layouts = new WeakMap<Cipher, Layout | 'unknown'>()

/** Asks the cipher itself how it lays packets out; `unknown` when no rule gives what it answers. */
function layoutOf(cipher: Cipher): Layout | 'unknown' {
  let known = layouts.get(cipher)
  if (known !== undefined) return known
  known = 'unknown'
  for (const candidate of LAYOUTS) {
    const sizes = Array.from({ length: candidate.block }, (_, index) => PROBED + index)
    const macs = sizes.map((size) => {
      const packet = cipher.allocPacket(size)
      const padding = paddingFor(candidate, size)
      const fits = packet[4] === padding && packet.readUInt32BE(0) === 1 + size + padding
      return fits ? packet.length - PACKET_HEADER - size - padding : -1
    })
    const [mac = -1] = macs
    if (mac >= 0 && macs.every((other) => other === mac)) known = { ...candidate, mac }
  }
  layouts.set(cipher, known)
  return known
}

/** Builds one packet from the next `count` bytes where they lie; undefined when there is no room for it. */
function layOut(outgoing: Outgoing, layout: Layout, channel: number, count: number): Buffer | undefined {
  const { memory, free, from, to } = outgoing
  const padding = paddingFor(layout, MESSAGE_HEADER + count)
  const end = free + BEFORE_DATA + count + padding
  const limit = from + count === to ? memory.length : from + count
  if (free + BEFORE_DATA > from || end + layout.mac > limit) return undefined
  memory.copyWithin(free + BEFORE_DATA, from, from + count)
  memory.writeUInt32BE(end - free - 4, free)
  memory.writeUInt8(padding, free + 4)
  memory.writeUInt8(CHANNEL_DATA, free + PACKET_HEADER)
  memory.writeUInt32BE(channel, free + PACKET_HEADER + 1)
  memory.writeUInt32BE(count, free + PACKET_HEADER + 5)
  fillRandom(memory, end - padding, padding)
  outgoing.free = end + layout.mac
  outgoing.from = from + count
  return memory.subarray(free, end + layout.mac)
}

/** What comes out of the cipher for these packets: themselves, encrypted in place, or buffers of its own. */
function encrypt(cipher: Cipher, packets: readonly Buffer[]): Uint8Array[] {
  const out: Uint8Array[] = []
  const onWrite = cipher._onWrite
  cipher._onWrite = (bytes) => out.push(bytes)
  try {
    for (const packet of packets) cipher.encrypt(packet)
  } finally {
    cipher._onWrite = onWrite
  }
  return out
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
    memory[PACKET_HEADER] = CHANNEL_DATA
    memory.writeUInt32BE(peer.id, PACKET_HEADER + 1)
    memory.writeUInt32BE(length, PACKET_HEADER + 5)
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

  /** The packets that the room and the memory allow. */
  #packetsOf(outgoing: Outgoing, layout: Layout): Buffer[] {
    const peer = this.#channel.outgoing
    const packets: Buffer[] = []
    while (outgoing.from < outgoing.to) {
      const count = Math.min(peer.window, peer.packetSize, outgoing.to - outgoing.from)
      const packet = count > 0 ? layOut(outgoing, layout, peer.id, count) : undefined
      if (packet === undefined) break
      peer.window -= count
      packets.push(packet)
    }
    return packets
  }

  #sendInPlace(outgoing: Outgoing, written: () => void): boolean {
    const { socket } = this.#wire
    const cipher = this.#protocol._cipher
    if (!isCipher(cipher)) return false
    const layout = layoutOf(cipher)
    if (layout === 'unknown') return false
    if (cipher._dead || !socket.writable) throw new FileServerError('transfer.aborted', 'transport is dead')
    const start = outgoing.free
    const packets = this.#packetsOf(outgoing, layout)
    if (packets.length === 0) return false
    const out = encrypt(cipher, packets)
    if (out.length < packets.length) throw new FileServerError('internal', 'the cipher gave nothing')
    const inPlace = out.length === packets.length && out.every((bytes, index) => bytes === packets[index])
    if (inPlace) socket.write(outgoing.memory.subarray(start, outgoing.free), written)
    else {
      socket.cork()
      for (const [index, bytes] of out.entries()) {
        if (index === out.length - 1) socket.write(bytes, written)
        else socket.write(bytes)
      }
      socket.uncork()
    }
    return true
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
