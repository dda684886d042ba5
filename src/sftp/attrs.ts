import { FileServerError } from '../core/errors.ts'
import type { AttributeChanges, Entry, EntryKind } from '../core/vfs/storage.ts'
import { type BodyReader, type Field, uint32 } from './codec.ts'

// draft-ietf-secsh-filexfer-02, section 5
const FLAG = { size: 0x1, owner: 0x2, permissions: 0x4, times: 0x8, extended: 0x80000000 } as const

/** More extended pairs than any client sends; the packet's size bounds them as well. */
const MAX_EXTENDED = 64

const FILE_TYPE: Record<EntryKind, number> = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  // What else there may be (device, pipe, socket) is nobody's business: an unknown type.
  other: 0,
}

export type WireAttributes = Readonly<{
  changes: AttributeChanges
  /** An owner was given; this server does not change owners. */
  owner: boolean
}>

export function readAttributes(body: BodyReader): WireAttributes {
  const flags = body.uint32()
  const changes: AttributeChanges = {}
  if (flags & FLAG.size) changes.size = body.uint64()
  const owner = (flags & FLAG.owner) !== 0
  if (owner) {
    body.uint32()
    body.uint32()
  }
  if (flags & FLAG.permissions) changes.mode = body.uint32() & 0o7777
  if (flags & FLAG.times) {
    changes.atimeMs = body.uint32() * 1000
    changes.mtimeMs = body.uint32() * 1000
  }
  if ((flags & FLAG.extended) >>> 0 !== 0) skipExtended(body)
  return { changes, owner }
}

function skipExtended(body: BodyReader): void {
  const count = body.uint32()
  if (count > MAX_EXTENDED) throw new FileServerError('protocol.syntax', 'too many extended attributes')
  for (let index = 0; index < count; index += 1) {
    body.string()
    body.string()
  }
}

/** What a SETSTAT asks for; a change of owner alone is refused, beside other changes it is passed over. */
export function requestedChanges(body: BodyReader): AttributeChanges {
  const { changes, owner } = readAttributes(body)
  if (owner && Object.keys(changes).length === 0) {
    throw new FileServerError('access.denied', 'change of owner')
  }
  return changes
}

const seconds = (ms: number): number => Math.min(0xffffffff, Math.max(0, Math.floor(ms / 1000)))
const id = (value: number): number => (value >= 0 && value <= 0xffffffff ? value : 0)

const SENT = FLAG.size | FLAG.owner | FLAG.permissions | FLAG.times
/** What `writeAttributes` writes. */
export const ATTRIBUTES_BYTES = 32

/** Writes flags, size, owner, permissions and times; gives the place behind them. */
export function writeAttributes(into: DataView, at: number, entry: Entry): number {
  into.setUint32(at, SENT)
  into.setUint32(at + 4, Math.floor(entry.size / 2 ** 32))
  into.setUint32(at + 8, entry.size % 2 ** 32)
  into.setUint32(at + 12, id(entry.uid))
  into.setUint32(at + 16, id(entry.gid))
  into.setUint32(at + 20, FILE_TYPE[entry.kind] | entry.mode)
  into.setUint32(at + 24, seconds(entry.atimeMs))
  into.setUint32(at + 28, seconds(entry.mtimeMs))
  return at + ATTRIBUTES_BYTES
}

/** Attributes that say nothing, for names without an entry behind them. */
export const NO_ATTRIBUTES: Field = uint32(0)
