import { type BodyReader, createBodyReader } from './codec.ts'
import type { RawPacket } from './input-queue.ts'
import { MAX_DATA } from './limits.ts'
import type { RequestRow } from './request.ts'
import { requestsByType } from './table.ts'

export type ParsedRequest = Readonly<{
  row: RequestRow | undefined
  type: number
  id: number
  body: BodyReader
  /** Of a request that works on one, for the order; undefined too when it is malformed. */
  handle: string | undefined
  /** Bytes of the channel's window that it holds. */
  cost: number
  /** Bytes that its reply may take, if that is much. */
  room: number
  /** Ends the use of the bytes behind `body`. */
  release: () => void
}>

const LENGTH_FIELD = 4
const TYPE_AND_ID = 5
/** Longer names are not ours: they are looked up, in vain, without being kept. */
const MAX_HANDLE = 256

/** Undefined when there is not even an id to answer to. */
export function parseRequest({ bytes, release }: RawPacket): ParsedRequest | undefined {
  if (bytes.length < TYPE_AND_ID) return undefined
  const type = bytes.readUInt8(0)
  const row = requestsByType.get(type)
  const onHandle = row !== undefined && row.order !== 'alone'
  const handle = onHandle ? peekHandle(bytes) : undefined
  return {
    row,
    type,
    id: bytes.readUInt32BE(1),
    body: createBodyReader(bytes, TYPE_AND_ID),
    handle,
    cost: LENGTH_FIELD + bytes.length,
    room: row?.order === 'read' ? peekReadLength(bytes, handle) : (row?.replyRoom ?? 0),
    release,
  }
}

function peekHandle(bytes: Buffer): string | undefined {
  if (bytes.length < TYPE_AND_ID + 4) return undefined
  const length = bytes.readUInt32BE(TYPE_AND_ID)
  const start = TYPE_AND_ID + 4
  return length > MAX_HANDLE ? undefined : bytes.toString('latin1', start, start + length)
}

function peekReadLength(bytes: Buffer, handle: string | undefined): number {
  if (handle === undefined) return 0
  const at = TYPE_AND_ID + 4 + handle.length + 8
  return at + 4 > bytes.length ? 0 : Math.min(bytes.readUInt32BE(at), MAX_DATA)
}
