import type { Entry, EntryKind } from '../../core/vfs/storage.ts'
import { RECORD, RECORD_FIELDS, RECORD_MISSING } from '../../native/native.ts'
import { MODE_BITS } from './entry.ts'

/** By the number in a record. */
const KINDS: readonly EntryKind[] = ['other', 'file', 'directory', 'symlink', 'other']

// A listing comes here for every number of every entry: no look-ups on the way, no functions within functions.
const { kind, mode, size, mtimeMs, atimeMs, uid, gid, links, device, inode } = RECORD

/** The entry that the record at index `at` of `records` describes, under the name it is to have. */
export function entryOf(records: Float64Array, at: number, name: string): Entry {
  return {
    name,
    kind: KINDS[records[at + kind] ?? 0] ?? 'other',
    size: records[at + size] ?? 0,
    mtimeMs: records[at + mtimeMs] ?? 0,
    atimeMs: records[at + atimeMs] ?? 0,
    mode: (records[at + mode] ?? 0) & MODE_BITS,
    // As whole numbers of the engine; as fractions each would be an object of its own.
    uid: (records[at + uid] ?? 0) >>> 0,
    gid: (records[at + gid] ?? 0) >>> 0,
    links: (records[at + links] ?? 0) >>> 0,
    device: records[at + device] ?? 0,
    inode: records[at + inode] ?? 0,
  }
}

/** Adds the entries of the first `count` records, whose names stand from index `from` on; none for names that are gone. */
export function addEntries(
  into: Entry[],
  records: Float64Array,
  count: number,
  { names, from }: Readonly<{ names: readonly string[]; from: number }>,
): void {
  for (let index = 0, at = 0; index < count; index += 1, at += RECORD_FIELDS) {
    const name = names[from + index]
    if (name === undefined || records[at + kind] === RECORD_MISSING) continue
    into.push(entryOf(records, at, name))
  }
}
