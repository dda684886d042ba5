// RFC 3659 section 7: facts about an entry, as MLST and MLSD send them.
import type { Action } from '../core/identity.ts'
import type { Entry } from '../core/vfs/storage.ts'
import { printable } from './replies.ts'
import { formatTime } from './times.ts'

export const FACTS = ['type', 'size', 'modify', 'perm', 'unique', 'UNIX.mode'] as const
export type Fact = (typeof FACTS)[number]
export const ALL_FACTS: ReadonlySet<Fact> = new Set(FACTS)

type Permitted = ReadonlySet<Action>

/** `a=b;c=d; name` without the line's end; one formatter per listing, so that `perm` is put into letters once. */
export function createFactFormat(
  facts: ReadonlySet<Fact>,
  permitted: Permitted,
): (entry: Entry, name: string) => string {
  const values = valuesFor(permitted)
  const wanted = FACTS.filter((fact) => facts.has(fact))
  return (entry, name) => {
    let line = ''
    for (const fact of wanted) {
      const value = values[fact](entry)
      if (value !== undefined) line += `${fact}=${value};`
    }
    return `${line} ${printable(name)}`
  }
}

function valuesFor(permitted: Permitted): Record<Fact, (entry: Entry) => string | undefined> {
  const filePerm = letters(permitted, FILE_LETTERS)
  const directoryPerm = letters(permitted, DIRECTORY_LETTERS)
  return {
    type: (entry) => TYPES[entry.kind],
    size: (entry) => (entry.kind === 'directory' ? undefined : String(entry.size)),
    modify: (entry) => formatTime(entry.mtimeMs),
    perm: (entry) => (entry.kind === 'directory' ? directoryPerm : filePerm),
    unique: (entry) => `${entry.device.toString(16)}g${entry.inode.toString(16)}`,
    'UNIX.mode': (entry) => `0${entry.mode.toString(8).padStart(3, '0')}`,
  }
}

const TYPES = {
  file: 'file',
  directory: 'dir',
  symlink: 'OS.unix=symlink',
  other: 'OS.unix=other',
} as const satisfies Record<Entry['kind'], string>

type Letter = readonly [letter: string, action: Action]

const FILE_LETTERS: readonly Letter[] = [
  ['a', 'overwrite'],
  ['d', 'delete'],
  ['f', 'rename'],
  ['r', 'read'],
  ['w', 'overwrite'],
]

const DIRECTORY_LETTERS: readonly Letter[] = [
  ['c', 'create'],
  ['d', 'rmdir'],
  ['e', 'list'],
  ['f', 'rename'],
  ['l', 'list'],
  ['m', 'mkdir'],
  ['p', 'delete'],
]

function letters(permitted: Permitted, pairs: readonly Letter[]): string {
  return pairs.map(([letter, action]) => (permitted.has(action) ? letter : '')).join('')
}
