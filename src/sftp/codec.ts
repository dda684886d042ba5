import { FileServerError } from '../core/errors.ts'

const LAST_ASCII = 0x7f
/** Bytes that are looked at one by one. */
const SHORT_TEXT = 256

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function malformed(): FileServerError {
  return new FileServerError('protocol.syntax', 'SFTP packet ends before its fields do')
}

/** Reads the fields of one packet in order; every way past the end is protocol.syntax. */
export type BodyReader = {
  readonly remaining: number
  byte(): number
  uint32(): number
  /** Exact, or protocol.syntax above 2^53 - 1. */
  uint64(): number
  /** A view, not a copy. */
  string(): Buffer
  /** Strict UTF-8, or path.invalid. */
  text(): string
  skip(count: number): void
  rest(): Buffer
}

class PacketBody implements BodyReader {
  readonly #bytes: Buffer
  readonly #end: number
  #at: number

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes
    this.#end = end
    this.#at = start
  }

  get remaining(): number {
    return this.#end - this.#at
  }

  /** Where the next `count` bytes begin. */
  #take(count: number): number {
    const from = this.#at
    if (count > this.#end - from) throw malformed()
    this.#at = from + count
    return from
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#take(1))
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#take(4))
  }

  uint64(): number {
    const from = this.#take(8)
    const value = this.#bytes.readUInt32BE(from) * 2 ** 32 + this.#bytes.readUInt32BE(from + 4)
    if (!Number.isSafeInteger(value)) throw new FileServerError('protocol.syntax', 'number above 2^53')
    return value
  }

  string(): Buffer {
    const length = this.uint32()
    const from = this.#take(length)
    return this.#bytes.subarray(from, from + length)
  }

  text(): string {
    const length = this.uint32()
    const from = this.#take(length)
    return decodeText(this.#bytes, from, from + length)
  }

  skip(count: number): void {
    this.#take(count)
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#take(this.remaining), this.#end)
  }
}

export const createBodyReader = (bytes: Buffer, start = 0, end = bytes.length): BodyReader =>
  new PacketBody(bytes, start, end)

function isAscii(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if ((bytes[at] ?? 0) > LAST_ASCII) return false
  return true
}

/** Most names are short and ASCII, and need neither the decoder nor a view for it. */
function decodeText(bytes: Buffer, from: number, to: number): string {
  if (to - from <= SHORT_TEXT && isAscii(bytes, from, to)) return bytes.toString('latin1', from, to)
  try {
    return strictUtf8.decode(bytes.subarray(from, to))
  } catch (cause) {
    throw new FileServerError('path.invalid', 'name is not UTF-8', { cause })
  }
}

export type Field = Readonly<{ size: number; put(into: Buffer, at: number): void }>

export const byte = (value: number): Field => ({ size: 1, put: (into, at) => into.writeUInt8(value, at) })

export const uint32 = (value: number): Field => ({
  size: 4,
  put: (into, at) => into.writeUInt32BE(value, at),
})

export const uint64 = (value: number): Field => ({
  size: 8,
  put(into, at) {
    into.writeUInt32BE(Math.floor(value / 2 ** 32), at)
    into.writeUInt32BE(value % 2 ** 32, at + 4)
  },
})

export function string(value: string | Uint8Array): Field {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  return {
    size: 4 + bytes.length,
    put(into, at) {
      into.writeUInt32BE(bytes.length, at)
      into.set(bytes, at + 4)
    },
  }
}

export function fieldsToBuffer(...fields: readonly Field[]): Buffer {
  const bytes = Buffer.allocUnsafe(fields.reduce((sum, field) => sum + field.size, 0))
  let at = 0
  for (const field of fields) {
    field.put(bytes, at)
    at += field.size
  }
  return bytes
}

/** A whole packet, its length in front. */
export function packet(type: number, ...fields: readonly Field[]): Buffer {
  const size = fields.reduce((sum, field) => sum + field.size, 1)
  const bytes = Buffer.allocUnsafe(4 + size)
  bytes.writeUInt32BE(size, 0)
  bytes.writeUInt8(type, 4)
  let at = 5
  for (const field of fields) {
    field.put(bytes, at)
    at += field.size
  }
  return bytes
}
