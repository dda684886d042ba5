import { lineName } from '../core/vfs/ls-line.ts'
import type { Entry } from '../core/vfs/storage.ts'
import { ATTRIBUTES_BYTES, writeAttributes } from './attrs.ts'
import { MAX_NAMES_BYTES } from './limits.ts'
import { DATA_HEADER, REPLY, type Reply } from './replies.ts'
import type { ReplyPool } from './reply-pool.ts'

/** UTF-8 needs at most three bytes per UTF-16 unit; a name is written twice. */
const BYTES_PER_UNIT = 3
/** More than the start of any long name, two lengths and the attributes take. */
const ROOM_PER_NAME = 128 + 8 + ATTRIBUTES_BYTES

/** The most that an entry's row can take. */
const roomFor = (entry: Entry): number => ROOM_PER_NAME + 2 * BYTES_PER_UNIT * entry.name.length

/** Room for all rows, or for as many as go into one reply. */
function roomForAll(entries: readonly Entry[]): number {
  let room = 0
  for (const entry of entries) {
    room += roomFor(entry)
    if (room >= MAX_NAMES_BYTES) return MAX_NAMES_BYTES
  }
  return room
}

type Place = Readonly<{ buffer: Buffer; view: DataView }>

/** Writes name, long name and attributes; gives the place behind them. */
function writeRow({ buffer, view }: Place, start: number, entry: Entry, head: string): number {
  const { name } = entry
  const nameAt = start + 4
  const nameBytes = buffer.write(name, nameAt)
  view.setUint32(start, nameBytes)
  const long = nameAt + nameBytes
  let at = long + 4 + buffer.write(head, long + 4, 'latin1')
  const shown = lineName(name)
  if (shown === name) {
    buffer.copyWithin(at, nameAt, long)
    at += nameBytes
  } else {
    at += buffer.write(shown, at)
  }
  view.setUint32(long, at - long - 4)
  return writeAttributes(view, at, entry)
}

export type Names = Readonly<{ reply: Reply; count: number }>

/**
 * The answer to a READDIR, written where it is sent from: as many entries as surely fit, one at least. `headOf`: what
 * stands before the name in the long one.
 */
export function namesReply(
  id: number,
  entries: readonly Entry[],
  headOf: (entry: Entry) => string,
  pool: ReplyPool,
): Names {
  const room = roomForAll(entries)
  const { buffer, at: start, release } = pool.take(room)
  const place = { buffer, view: new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength) }
  const end = start + room
  let at = start
  let count = 0
  for (const entry of entries) {
    if (at + roomFor(entry) > end) break
    at = writeRow(place, at, entry, headOf(entry))
    count += 1
  }
  const header = start - DATA_HEADER
  place.view.setUint32(header, at - header - 4)
  place.view.setUint8(header + 4, REPLY.name)
  place.view.setUint32(header + 5, id)
  place.view.setUint32(header + 9, count)
  return { reply: { bytes: buffer.subarray(header, at), id: undefined, memory: buffer, release }, count }
}
