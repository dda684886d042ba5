import { type ErrorCode, errorCodeOf } from '../core/errors.ts'
import type { Entry } from '../core/vfs/storage.ts'
import { ATTRIBUTES_BYTES, NO_ATTRIBUTES, writeAttributes } from './attrs.ts'
import { type Field, packet, string, uint32 } from './codec.ts'
import { ERROR_MAP, STATUS } from './error-map.ts'
import { type HandleName, NAME_BYTES } from './handles.ts'

// draft-ietf-secsh-filexfer-02, section 3
export const REPLY = {
  version: 2,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attrs: 105,
  extended: 201,
} as const

/** Bytes of a DATA packet before its payload. */
export const DATA_HEADER = 13

/**
 * A whole packet; `release` is called when its bytes are on their way and the memory may be used again. `memory`: what
 * `bytes` is a part of; all of it is the reply's, to build SSH packets in. `id`: to be put into a copy of `bytes`, which are
 * those of all such replies.
 */
export type Reply = Readonly<{
  bytes: Buffer
  id: number | undefined
  memory: Buffer | undefined
  release: (() => void) | undefined
}>

const plain = (bytes: Buffer): Reply => ({ bytes, id: undefined, memory: undefined, release: undefined })

/** Behind length and type. */
const ID_AT = 5

/** Packets that differ in their id alone. */
const statusForm = (code: number, text: string): Buffer =>
  packet(REPLY.status, uint32(0), uint32(code), string(text), string(''))
const OK = statusForm(STATUS.ok, 'Success')
const END_OF_FILE = statusForm(STATUS.eof, 'End of file')

const formed = (bytes: Buffer, id: number): Reply => ({ bytes, id, memory: undefined, release: undefined })

export const ok = (id: number): Reply => formed(OK, id)
export const endOfFile = (id: number): Reply => formed(END_OF_FILE, id)

export function failure(id: number, code: ErrorCode): Reply {
  const row = ERROR_MAP[code]
  return formed(statusForm(row.status, row.text), id)
}

export const failureOf = (id: number, error: unknown): Reply => failure(id, errorCodeOf(error))

export const version = (number: number, extensions: readonly Field[]): Reply =>
  plain(packet(REPLY.version, uint32(number), ...extensions))

export function handle(id: number, name: HandleName): Reply {
  const size = ID_AT + 4 + 4 + NAME_BYTES
  const bytes = Buffer.allocUnsafe(size)
  bytes.writeUInt32BE(size - 4, 0)
  bytes[4] = REPLY.handle
  bytes.writeUInt32BE(id, ID_AT)
  bytes.writeUInt32BE(NAME_BYTES, ID_AT + 4)
  const at = ID_AT + 8
  bytes.writeUInt32BE(name[0], at)
  bytes.writeUInt32BE(name[1], at + 4)
  bytes.writeUInt32BE(name[2], at + 8)
  bytes.writeUInt32BE(name[3], at + 12)
  return plain(bytes)
}

export function attributes(id: number, entry: Entry): Reply {
  const size = ID_AT + 4 + ATTRIBUTES_BYTES
  const bytes = Buffer.allocUnsafe(size)
  const view = new DataView(bytes.buffer, bytes.byteOffset, size)
  view.setUint32(0, size - 4)
  view.setUint8(4, REPLY.attrs)
  view.setUint32(ID_AT, id)
  writeAttributes(view, ID_AT + 4, entry)
  return plain(bytes)
}

/** One name without attributes: the answer to REALPATH and READLINK. */
export const oneName = (id: number, name: string): Reply =>
  plain(packet(REPLY.name, uint32(id), uint32(1), string(name), string(name), NO_ATTRIBUTES))

export const extended = (id: number, ...fields: readonly Field[]): Reply =>
  plain(packet(REPLY.extended, uint32(id), ...fields))

/** Puts the header of a DATA packet before `length` bytes of payload that already stand at `at`; returns all of it. */
export function finishData(id: number, buffer: Buffer, at: number, length: number): Buffer {
  const start = at - DATA_HEADER
  buffer.writeUInt32BE(9 + length, start)
  buffer.writeUInt8(REPLY.data, start + 4)
  buffer.writeUInt32BE(id, start + 5)
  buffer.writeUInt32BE(length, start + 9)
  return buffer.subarray(start, at + length)
}
