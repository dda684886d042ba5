// With the other ssh-*.ts all that knows how ssh2 1.17 looks inside: packets for its own ciphers, built where the data lies.
import { FileServerError } from '../core/errors.ts'
import {
  BEFORE_DATA,
  hasPlace,
  MESSAGE_HEADER,
  makePackets,
  type Outgoing,
  PACKET_HEADER,
  type Peer,
  writeMessageHeader,
} from './channel-data.ts'
import { paddingTo } from './ciphers/packet-crypto.ts'
import { fillRandom } from './randomness.ts'
import { has, isObject } from './shapes.ts'

export type Cipher = {
  _dead: boolean
  _onWrite: (bytes: Uint8Array) => void
  allocPacket(size: number): Buffer
  encrypt(packet: Buffer): void
}

export function isCipher(value: unknown): value is Cipher {
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
  const { memory, free, from } = outgoing
  const padding = paddingFor(layout, MESSAGE_HEADER + count)
  const end = free + BEFORE_DATA + count + padding
  if (!hasPlace(outgoing, count, end + layout.mac - free)) return undefined
  memory.copyWithin(free + BEFORE_DATA, from, from + count)
  memory.writeUInt32BE(end - free - 4, free)
  memory.writeUInt8(padding, free + 4)
  writeMessageHeader(memory, free + PACKET_HEADER, channel, count)
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

/** What is to be written of the data that window and memory allow; nothing when the cipher's packets are of another kind. */
export function encryptPackets(cipher: Cipher, outgoing: Outgoing, peer: Peer): Uint8Array[] {
  const layout = layoutOf(cipher)
  if (layout === 'unknown') return []
  const start = outgoing.free
  const packets: Buffer[] = []
  makePackets(outgoing, peer, (count) => {
    const packet = layOut(outgoing, layout, peer.id, count)
    if (packet !== undefined) packets.push(packet)
    return packet !== undefined
  })
  const out = encrypt(cipher, packets)
  if (out.length < packets.length) throw new FileServerError('internal', 'the cipher gave nothing')
  const inPlace = out.length === packets.length && out.every((bytes, index) => bytes === packets[index])
  return inPlace && out.length > 1 ? [outgoing.memory.subarray(start, outgoing.free)] : out
}
