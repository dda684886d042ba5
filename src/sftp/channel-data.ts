// RFC 4254, section 5.2: packets of channel data, made in the memory in which their data stands.
import { MAX_PADDING } from './ciphers/packet-crypto.ts'
import type { SshCipher } from './ciphers/ssh-cipher.ts'

/** Data on its way: the bytes from `from` to `to` are to be sent; what stands between `free` and `from` may be overwritten. */
export type Outgoing = { readonly memory: Buffer; free: number; from: number; readonly to: number }

/** The other end of a channel. */
export type Peer = { readonly id: number; window: number; readonly packetSize: number }

const CHANNEL_DATA = 94
/** Type, channel and length. */
export const MESSAGE_HEADER = 9
/** Length and length of the padding. */
export const PACKET_HEADER = 5
/** Both, in front of a channel's data (RFC 4253, section 6). */
export const BEFORE_DATA = PACKET_HEADER + MESSAGE_HEADER

/** What stands before `count` bytes of data, at `at` in `memory`. */
export function writeMessageHeader(memory: Buffer, at: number, channel: number, count: number): void {
  memory.writeUInt8(CHANNEL_DATA, at)
  memory.writeUInt32BE(channel, at + 1)
  memory.writeUInt32BE(count, at + 5)
}

/** Whether a packet of the next `count` bytes, `length` bytes long, fits before what stays to be sent after it. */
export function hasPlace({ memory, free, from, to }: Outgoing, count: number, length: number): boolean {
  const end = from + count
  return free + BEFORE_DATA <= from && free + length <= (end === to ? memory.length : end)
}

/** Has packets made while the window lasts, until `make` finds no place for one. */
export function makePackets(outgoing: Outgoing, peer: Peer, make: (count: number) => boolean): void {
  while (outgoing.from < outgoing.to) {
    const count = Math.min(peer.window, peer.packetSize, outgoing.to - outgoing.from)
    if (count <= 0 || !make(count)) return
    peer.window -= count
  }
}

/** Of ciphers of ours: sealed from where the data lies, which moves only once. */
export function sealPackets(cipher: SshCipher, outgoing: Outgoing, peer: Peer): Uint8Array[] {
  const { memory, free: start } = outgoing
  makePackets(outgoing, peer, (count) => {
    const { free, from } = outgoing
    const size = MESSAGE_HEADER + count
    const end = from + count
    if (!hasPlace(outgoing, count, cipher.lengthOf(size)) || end + MAX_PADDING > memory.length) return false
    const at = from - MESSAGE_HEADER
    writeMessageHeader(memory, at, peer.id, count)
    outgoing.free = free + cipher.sealIn(memory, at, size, free)
    outgoing.from = end
    return true
  })
  return outgoing.free > start ? [memory.subarray(start, outgoing.free)] : []
}
