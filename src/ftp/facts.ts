// RFC 3659 section 7: facts about an entry, as MLST and MLSD send them.
import type { Action } from '../core/identity.ts'
import type { Entry } from '../core/vfs/storage.ts'
import { printable } from './replies.ts'
import { formatTime } from './times.ts'

export const FACTS = ['type', 'size', 'modify', 'perm', 'unique', 'UNIX.mode'] as const
export type Fact = (typeof FACTS)[number]
export const ALL_FACTS: ReadonlySet<Fact> = new Set(FACTS)

type Permitted = ReadonlySet<Action>

/** `a=b;c=d; name` without the line's end. */
export function factLine(entry: Entry, name: string, facts: ReadonlySet<Fact>, permitted: Permitted): string {
  let line = ''
  for (const fact of FACTS) {
    if (!facts.has(fact)) continue
    const value = VALUES[fact](entry, permitted)
    if (value !== undefined) line += `${fact}=${value};`
  }
  return `${line} ${printable(name)}`
}

const VALUES: Record<Fact, (entry: Entry, permitted: Permitted) => string | undefined> = {
  type: (entry) => TYPES[entry.kind],
  size: (entry) => (entry.kind === 'directory' ? undefined : String(entry.size)),
  modify: (entry) => formatTime(entry.mtimeMs),
  perm: (entry, permitted) => (entry.kind === 'directory' ? directoryPerm(permitted) : filePerm(permitted)),
  unique: (entry) => `${entry.device.toString(16)}g${entry.inode.toString(16)}`,
  'UNIX.mode': (entry) => `0${entry.mode.toString(8).padStart(3, '0')}`,
}

const TYPES = {
  file: 'file',
  directory: 'dir',
  symlink: 'OS.unix=symlink',
  other: 'OS.unix=other',
} as const satisfies Record<Entry['kind'], string>

function letters(permitted: Permitted, pairs: readonly (readonly [string, Action])[]): string {
  return pairs.map(([letter, action]) => (permitted.has(action) ? letter : '')).join('')
}

function filePerm(permitted: Permitted): string {
  return letters(permitted, [
    ['a', 'overwrite'],
    ['d', 'delete'],
    ['f', 'rename'],
    ['r', 'read'],
    ['w', 'overwrite'],
  ])
}

function directoryPerm(permitted: Permitted): string {
  return letters(permitted, [
    ['c', 'create'],
    ['d', 'rmdir'],
    ['e', 'list'],
    ['f', 'rename'],
    ['l', 'list'],
    ['m', 'mkdir'],
    ['p', 'delete'],
  ])
}
