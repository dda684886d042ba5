import { FileServerError } from '../../core/errors.ts'
import { giveBack } from './output-memory.ts'
import { LENGTH_FIELD, type Opener, TAG_LENGTH } from './packet-crypto.ts'

/** As ssh2 has it; what we announce for channels is 32 KiB. */
const MAX_PACKET = 35_000
const SEQUENCES = 2 ** 32
/** Packets that are opened in one go, and where they lie; read before anything else is opened. */
const RUN = 64
const PER_PACKET = 3
const places = new Uint32Array(RUN * PER_PACKET)

/** True when nobody else needs the payload between `from` and `to`. */
export type DataTaker = { take(bytes: Buffer, from: number, to: number): boolean }

/**
 * Undefined: go on. False, or a number: give what follows in the input, from there on, back to the transport. `data` is
 * asked first.
 */
export type OnPayload = ((payload: Buffer) => false | number | undefined) & { readonly data?: DataTaker }

/** What ssh2 calls the inbound half of its keys, over an opener of ours. A payload may be a view of the input. */
export class SshDecipher {
  inSeqno: number
  readonly _opener: Opener
  _onPayload: OnPayload
  /** A packet that has begun but is not all there, with its length field and MAC. */
  _packet: Buffer | undefined
  _have = 0
  _dead = false
  readonly _field = Buffer.alloc(LENGTH_FIELD)
  _fieldHave = 0

  constructor(opener: Opener, sequence: number, onPayload: OnPayload) {
    this._opener = opener
    this.inSeqno = sequence
    this._onPayload = onPayload
  }

  /** What comes after it is not looked at: ssh2 frees a decipher also in the middle of what it delivers. */
  free(): void {
    this._dead = true
    this._opener.free()
  }

  decrypt(data: Buffer, from: number, to: number): false | number | undefined {
    let at = from
    while (at < to && !this._dead) {
      const count =
        this._fieldHave === 0 ? (this._opener.openRun?.(data, at, to, this.inSeqno, places) ?? 0) : 0
      if (count > 0) {
        const result = this._deliverRun(data, count)
        at = places[count * PER_PACKET - 1] ?? to
        if (result !== undefined) return result === false ? at : result
        continue
      }
      const whole = this._packet === undefined ? this._wholePacket(data, at, to) : undefined
      if (whole === undefined) at = this._gather(data, at, to)
      else at += whole.length
      const packet = whole ?? this._gathered()
      if (packet === undefined) continue
      const result = this._deliver(packet, whole === undefined)
      if (result !== undefined) return result === false ? at : result
    }
    return undefined
  }

  /** All but the last are channel data, of which nobody gives anything back. */
  _deliverRun(data: Buffer, count: number): false | number | undefined {
    let result: false | number | undefined
    const taker = this._onPayload.data
    for (let index = 0; index < count * PER_PACKET && !this._dead; index += PER_PACKET) {
      const from = places[index] ?? 0
      const to = places[index + 1] ?? 0
      this.inSeqno = (this.inSeqno + 1) % SEQUENCES
      if (taker?.take(data, from, to) !== true) result = this._onPayload(data.subarray(from, to))
    }
    return result
  }

  /** The next packet where it lies in the input, when it is all there. */
  _wholePacket(data: Buffer, at: number, to: number): Buffer | undefined {
    if (this._fieldHave > 0 || to - at < LENGTH_FIELD) return undefined
    const size = this._sizeOf(data.subarray(at, at + LENGTH_FIELD))
    return size > to - at ? undefined : data.subarray(at, at + size)
  }

  /** With its length field and MAC. */
  _sizeOf(field: Buffer): number {
    const length = this._opener.lengthOf(field, this.inSeqno)
    const { block } = this._opener
    if (length < block || length % block !== 0 || length + LENGTH_FIELD + TAG_LENGTH > MAX_PACKET) {
      throw new FileServerError('protocol.syntax', `SSH packet of ${length} bytes`)
    }
    return LENGTH_FIELD + length + TAG_LENGTH
  }

  /** Takes what there is of a packet that is not all there; returns where the rest of the input begins. */
  _gather(data: Buffer, from: number, to: number): number {
    let at = from
    if (this._packet === undefined) {
      const count = Math.min(LENGTH_FIELD - this._fieldHave, to - at)
      data.copy(this._field, this._fieldHave, at, at + count)
      this._fieldHave += count
      if (this._fieldHave < LENGTH_FIELD) return at + count
      at += count
      this._packet = Buffer.allocUnsafe(this._sizeOf(this._field))
      this._packet.set(this._field)
      this._have = LENGTH_FIELD
    }
    const count = Math.min(this._packet.length - this._have, to - at)
    data.copy(this._packet, this._have, at, at + count)
    this._have += count
    return at + count
  }

  _gathered(): Buffer | undefined {
    const packet = this._packet
    if (packet === undefined || this._have < packet.length) return undefined
    this._packet = undefined
    this._have = 0
    this._fieldHave = 0
    return packet
  }

  /** `own`: the packet's memory is nobody else's. */
  _deliver(packet: Buffer, own: boolean): false | number | undefined {
    const body = this._opener.open(packet, this.inSeqno)
    this.inSeqno = (this.inSeqno + 1) % SEQUENCES
    const padding = body[0] ?? 0
    if (padding + 1 > body.length) throw new FileServerError('protocol.syntax', 'SSH packet of padding')
    const end = body.length - padding
    if (this._onPayload.data?.take(body, 1, end) !== true) return this._onPayload(body.subarray(1, end))
    if (body.buffer !== packet.buffer) giveBack(body)
    if (own) giveBack(packet)
    return undefined
  }
}
