import type { Entry, EntryKind } from '../../core/vfs/storage.ts'
import { RECORD, RECORD_FIELDS, RECORD_MISSING } from '../../native/native.ts'
import { MODE_BITS } from './entry.ts'

/** By the number in a record. */
const KINDS: readonly EntryKind[] = ['other', 'file', 'directory', 'symlink', 'other']

export function isMissing(records: Float64Array, index: number): boolean {
  return records[index * RECORD_FIELDS + RECORD.kind] === RECORD_MISSING
}

/** The entry that the record at `index` describes, under the name it is to have. */
export function entryOf(records: Float64Array, index: number, name: string): Entry {
  const at = index * RECORD_FIELDS
  return {
    name,
    kind: KINDS[records[at + RECORD.kind] ?? 0] ?? 'other',
    size: records[at + RECORD.size] ?? 0,
    mtimeMs: records[at + RECORD.mtimeMs] ?? 0,
    atimeMs: records[at + RECORD.atimeMs] ?? 0,
    mode: (records[at + RECORD.mode] ?? 0) & MODE_BITS,
    uid: records[at + RECORD.uid] ?? 0,
    gid: records[at + RECORD.gid] ?? 0,
    links: records[at + RECORD.links] ?? 0,
    device: records[at + RECORD.device] ?? 0,
    inode: records[at + RECORD.inode] ?? 0,
  }
}
