import { fillRandom } from '../randomness.ts'
import type { NativeSend } from '../socket-output.ts'
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
    _sealer.seal(memory.subarray(0, length), sequence)
    return Math.max(0, native.sendBytes(socket, memory, 0, length))
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
