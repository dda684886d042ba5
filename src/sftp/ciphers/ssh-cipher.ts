import { fillRandom } from '../randomness.ts'
import { LENGTH_FIELD, type Sealer, TAG_LENGTH } from './packet-crypto.ts'

const MIN_PADDING = 4
/** Length field and the length of the padding. */
const HEADER = LENGTH_FIELD + 1
const SEQUENCES = 2 ** 32

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
    const { block } = this._sealer
    let padding = block - ((1 + size) % block)
    if (padding < MIN_PADDING) padding += block
    const packet = Buffer.allocUnsafe(HEADER + size + padding + TAG_LENGTH)
    packet.writeUInt32BE(1 + size + padding, 0)
    packet.writeUInt8(padding, LENGTH_FIELD)
    fillRandom(packet, HEADER + size, padding)
    return packet
  }

  encrypt(packet: Buffer): void {
    if (this._dead) return
    this._sealer.seal(packet, this.outSeqno)
    this.outSeqno = (this.outSeqno + 1) % SEQUENCES
    this._onWrite(packet)
  }
}
