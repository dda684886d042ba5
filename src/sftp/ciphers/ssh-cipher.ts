import { fillRandom } from '../randomness.ts'
import { LENGTH_FIELD, paddingTo, type Sealer, TAG_LENGTH } from './packet-crypto.ts'

/** Length field and the length of the padding. */
const HEADER = LENGTH_FIELD + 1
const SEQUENCES = 2 ** 32

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

  /** Makes a packet of the payload of `size` bytes behind a header's room in `memory`, sealed where it lies; gives its length. */
  sealIn(memory: Buffer, size: number): number {
    const padding = this._padding(size)
    frame(memory, size, padding)
    const length = HEADER + size + padding + TAG_LENGTH
    this._seal(memory.subarray(0, length))
    return length
  }

  encrypt(packet: Buffer): void {
    if (this._dead) return
    this._seal(packet)
    this._onWrite(packet)
  }

  _seal(packet: Buffer): void {
    this._sealer.seal(packet, this.outSeqno)
    this.outSeqno = (this.outSeqno + 1) % SEQUENCES
  }

  _padding(size: number): number {
    return paddingTo(this._sealer.block, 1 + size)
  }
}
