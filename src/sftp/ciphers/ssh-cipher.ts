import { fillRandom } from '../randomness.ts'
import type { NativeSend } from '../socket-output.ts'
import { LENGTH_FIELD, MAX_PADDING, paddingTo, type Sealer, TAG_LENGTH } from './packet-crypto.ts'

/** Length field and the length of the padding. */
const HEADER = LENGTH_FIELD + 1
const SEQUENCES = 2 ** 32
/** What stands where the padding of a packet goes meanwhile. */
const kept = Buffer.alloc(MAX_PADDING)

function frame(packet: Buffer, size: number, padding: number): void {
  packet.writeUInt32BE(1 + size + padding, 0)
  packet[LENGTH_FIELD] = padding
  fillRandom(packet, HEADER + size, padding)
}

/** What ssh2 calls the outbound half of its keys, over a sealer of ours. */
export class SshCipher {
  outSeqno: number
  readonly _sealer: Sealer
  _onWrite: (bytes: Uint8Array) => void
  _dead = false

  constructor(sealer: Sealer, sequence: number, onWrite: (bytes: Uint8Array) => void) {
    this._sealer = sealer
    this.outSeqno = sequence
    this._onWrite = onWrite
  }

  free(): void {
    this._dead = true
    this._sealer.free()
  }

  /** Of a payload of `size` bytes, which the caller puts behind the header. */
  allocPacket(size: number): Buffer {
    const padding = this._padding(size)
    const packet = Buffer.allocUnsafe(HEADER + size + padding + TAG_LENGTH)
    frame(packet, size, padding)
    return packet
  }

  /** Makes a packet of the payload of `size` bytes behind a header's room in `memory`, not sealed yet; gives its length. */
  frameIn(memory: Buffer, size: number): number {
    const padding = this._padding(size)
    frame(memory, size, padding)
    return HEADER + size + padding + TAG_LENGTH
  }

  /** Seals the packet in the first `length` bytes and hands it to the system; gives how many bytes that took. */
  send(memory: Buffer, length: number, socket: number, native: NativeSend): number {
    const sequence = this.outSeqno
    this.outSeqno = (sequence + 1) % SEQUENCES
    const { _sealer } = this
    if (_sealer.sealAndSend !== undefined) return _sealer.sealAndSend(memory, length, sequence, socket)
    _sealer.seal(memory.subarray(0, length - TAG_LENGTH), sequence, memory.subarray(0, length))
    return Math.max(0, native.sendBytes(socket, memory, 0, length))
  }

  /**
   * Makes a packet of the payload of `size` bytes at `from` in `memory`, sealed to `to`, which is no further behind than
   * the header before it; gives its length. What follows on the payload stays as it is where the packet leaves it so.
   */
  sealIn(memory: Buffer, from: number, size: number, to: number): number {
    const padding = this._padding(size)
    const clear = memory.subarray(from - HEADER, from + size + padding)
    const behind = from + size
    memory.copy(kept, 0, behind, behind + padding)
    frame(clear, size, padding)
    const end = to + clear.length + TAG_LENGTH
    this._seal(clear, memory.subarray(to, end))
    if (end <= behind) kept.copy(memory, behind, 0, padding)
    return end - to
  }

  /** Of the packet that a payload of `size` bytes makes. */
  lengthOf(size: number): number {
    return HEADER + size + this._padding(size) + TAG_LENGTH
  }

  encrypt(packet: Buffer): void {
    if (this._dead) return
    this._seal(packet.subarray(0, packet.length - TAG_LENGTH), packet)
    this._onWrite(packet)
  }

  _seal(clear: Buffer, into: Buffer): void {
    this._sealer.seal(clear, this.outSeqno, into)
    this.outSeqno = (this.outSeqno + 1) % SEQUENCES
  }

  _padding(size: number): number {
    return paddingTo(this._sealer.block, 1 + size)
  }
}
