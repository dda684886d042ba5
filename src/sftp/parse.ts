import { createBodyReader } from './codec.ts'
import { NAME_BYTES } from './handles.ts'
import type { RawPacket } from './input-queue.ts'
import { MAX_DATA } from './limits.ts'
import type { ChannelContext, Request, RequestRow } from './request.ts'
import { requestsByType } from './table.ts'

export type ParsedRequest = Request &
  Readonly<{
    row: RequestRow | undefined
    type: number
    /** Bytes of the channel's window that it holds. */
    cost: number
    /** What stands behind `body`. */
    packet: RawPacket
  }>

const LENGTH_FIELD = 4
const TYPE_AND_ID = 5
/** Of a request that works on a handle: length of the name, and its first number. */
const PLACE_AT = TYPE_AND_ID + 4
/** Of a READ: name and offset stand before it. */
const READ_LENGTH_AT = PLACE_AT + NAME_BYTES + 8

/** Undefined when there is not even an id to answer to. */
export function parseRequest(packet: RawPacket, context: ChannelContext): ParsedRequest | undefined {
  const { bytes, from, to } = packet
  if (to - from < TYPE_AND_ID) return undefined
  const type = bytes.readUInt8(from)
  return {
    row: requestsByType.get(type),
    type,
    id: bytes.readUInt32BE(from + 1),
    body: createBodyReader(bytes, from + TYPE_AND_ID, to),
    context,
    cost: LENGTH_FIELD + to - from,
    packet,
  }
}

function uint32At({ bytes, from, to }: RawPacket, at: number): number | undefined {
  return from + at + 4 <= to ? bytes.readUInt32BE(from + at) : undefined
}

/** The place of the handle that it works on, for the order; undefined too when that is malformed. */
export function handleOf({ row, packet }: ParsedRequest): number | undefined {
  return row === undefined || row.order === 'alone' ? undefined : uint32At(packet, PLACE_AT)
}

/** Bytes that its reply may take, if that is much. */
export function replyRoomOf({ row, packet }: ParsedRequest): number {
  if (row?.order !== 'read') return row?.replyRoom ?? 0
  return Math.min(uint32At(packet, READ_LENGTH_AT) ?? 0, MAX_DATA)
}
