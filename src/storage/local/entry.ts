import type { Stats } from 'node:fs'
import type { Entry, EntryKind, Usage } from '../../core/vfs/storage.ts'
import { NO_USAGE } from '../staged-upload.ts'

/** Set-user-id, set-group-id and sticky are neither shown nor set. */
export const MODE_BITS = 0o777

function kindOf(stats: Stats): EntryKind {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  return stats.isSymbolicLink() ? 'symlink' : 'other'
}

export function toEntry(stats: Stats, name: string): Entry {
  return {
    name,
    kind: kindOf(stats),
    size: stats.size,
    // The system's nanoseconds lose a little in a double; without rounding a time set in milliseconds could read one less.
    mtimeMs: Math.round(stats.mtimeMs),
    atimeMs: Math.round(stats.atimeMs),
    mode: stats.mode & MODE_BITS,
    uid: stats.uid,
    gid: stats.gid,
    links: stats.nlink,
    device: stats.dev,
    inode: stats.ino,
  }
}

/** Two names of one object, or one name that still leads to it. */
export function isSame(a: Entry | undefined, b: Entry): boolean {
  return a !== undefined && a.inode === b.inode && a.device === b.device
}

/** What removing this name frees. */
export function usageOf(entry: Pick<Entry, 'kind' | 'size'> | undefined): Usage {
  return entry?.kind === 'file' ? { bytes: entry.size, files: 1 } : NO_USAGE
}

export function plus(a: Usage, b: Usage): Usage {
  return { bytes: a.bytes + b.bytes, files: a.files + b.files }
}
