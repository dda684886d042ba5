import { FileServerError } from '../core/errors.ts'

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
  rest(): Buffer
}

class PacketBody implements BodyReader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, start: number) {
    this.#bytes = bytes
    this.#at = start
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  /** Where the next `count` bytes begin. */
  #take(count: number): number {
    const from = this.#at
    if (count > this.#bytes.length - from) throw malformed()
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
    return decodeText(this.string())
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#take(this.remaining))
  }
}

export const createBodyReader = (bytes: Buffer, start = 0): BodyReader => new PacketBody(bytes, start)

function decodeText(bytes: Buffer): string {
  try {
    return strictUtf8.decode(bytes)
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
