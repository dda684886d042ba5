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

export function createBodyReader(bytes: Buffer, start = 0): BodyReader {
  let at = start
  const take = (count: number): number => {
    const from = at
    if (count > bytes.length - from) throw malformed()
    at = from + count
    return from
  }
  const string = (): Buffer => {
    const length = bytes.readUInt32BE(take(4))
    const from = take(length)
    return bytes.subarray(from, from + length)
  }
  return {
    get remaining() {
      return bytes.length - at
    },
    byte: () => bytes.readUInt8(take(1)),
    uint32: () => bytes.readUInt32BE(take(4)),
    uint64: () => {
      const from = take(8)
      const value = bytes.readUInt32BE(from) * 2 ** 32 + bytes.readUInt32BE(from + 4)
      if (!Number.isSafeInteger(value)) throw new FileServerError('protocol.syntax', 'number above 2^53')
      return value
    },
    string,
    text: () => decodeText(string()),
    rest: () => bytes.subarray(take(bytes.length - at)),
  }
}

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
