import { type BodyReader, createBodyReader } from './codec.ts'
import type { RawPacket } from './input-queue.ts'
import { MAX_DATA } from './limits.ts'
import type { RequestRow } from './request.ts'
import { WRITE_HEADER } from './requests/write.ts'
import { requestsByType, WRITE } from './table.ts'

export type ParsedRequest = Readonly<{
  row: RequestRow | undefined
  id: number
  body: BodyReader
  payload: readonly Buffer[]
  /** Of a request that works on one, for the order; undefined too when it is malformed. */
  handle: string | undefined
  /** Bytes of the channel's window that it holds. */
  cost: number
  /** Bytes that its reply may take, if that is much. */
  room: number
}>

const LENGTH_FIELD = 4
const TYPE_AND_ID = 5
/** Longer names are not ours: they are looked up, in vain, without being kept. */
const MAX_HANDLE = 256

/** Undefined when there is not even an id to answer to. */
export function parseRequest(packet: RawPacket): ParsedRequest | undefined {
  if (packet.length < TYPE_AND_ID) return undefined
  const { head, payload } = split(packet)
  const type = head.readUInt8(0)
  const row = requestsByType.get(type)
  const onHandle = row !== undefined && row.order !== 'alone'
  const handle = onHandle ? peekHandle(head) : undefined
  return {
    row,
    id: head.readUInt32BE(1),
    body: createBodyReader(head, TYPE_AND_ID),
    payload,
    handle,
    cost: LENGTH_FIELD + packet.length,
    room: row?.order === 'read' ? peekReadLength(head, handle) : 0,
  }
}

function peekHandle(head: Buffer): string | undefined {
  if (head.length < TYPE_AND_ID + 4) return undefined
  const length = head.readUInt32BE(TYPE_AND_ID)
  const start = TYPE_AND_ID + 4
  return length > MAX_HANDLE ? undefined : head.toString('latin1', start, start + length)
}

function peekReadLength(head: Buffer, handle: string | undefined): number {
  if (handle === undefined) return 0
  const at = TYPE_AND_ID + 4 + handle.length + 8
  return at + 4 > head.length ? 0 : Math.min(head.readUInt32BE(at), MAX_DATA)
}

/** Parts a WRITE into what is read field by field and the payload, which is not put together. */
function split({ pieces }: RawPacket): { head: Buffer; payload: readonly Buffer[] } {
  const [first, ...others] = pieces
  if (first === undefined) return { head: Buffer.alloc(0), payload: [] }
  const isWrite = first.length > 0 && first.readUInt8(0) === WRITE
  if (!isWrite) return { head: others.length === 0 ? first : Buffer.concat(pieces), payload: [] }
  const direct = headLength(first)
  if (direct <= first.length) return cut(first, direct, others)
  // The head itself came in pieces: seldom, and then the packet is worth a copy.
  const whole = Buffer.concat(pieces)
  return cut(whole, Math.min(headLength(whole), whole.length), [])
}

function headLength(bytes: Buffer): number {
  if (bytes.length < TYPE_AND_ID + 4) return Number.POSITIVE_INFINITY
  return 1 + WRITE_HEADER + bytes.readUInt32BE(TYPE_AND_ID)
}

function cut(
  first: Buffer,
  at: number,
  others: readonly Buffer[],
): { head: Buffer; payload: readonly Buffer[] } {
  const rest = first.subarray(at)
  return { head: first.subarray(0, at), payload: rest.length === 0 ? others : [rest, ...others] }
}
