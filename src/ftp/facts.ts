// RFC 3659 section 7: facts about an entry, as MLST and MLSD send them.
import type { Action } from '../core/identity.ts'
import type { Entry } from '../core/vfs/storage.ts'
import { printable } from './replies.ts'
import { formatTime } from './times.ts'

export const FACTS = ['type', 'size', 'modify', 'perm', 'unique', 'UNIX.mode'] as const
export type Fact = (typeof FACTS)[number]
export const ALL_FACTS: ReadonlySet<Fact> = new Set(FACTS)

type Permitted = ReadonlySet<Action>

/** `a=b;c=d; name` without the line's end; one formatter per listing, so that what entries share is put into words once. */
export function createFactFormat(
  facts: ReadonlySet<Fact>,
  permitted: Permitted,
): (entry: Entry, name: string) => string {
  const values = valuesFor(permitted)
  const wanted = FACTS.filter((fact) => facts.has(fact)).map((fact) => ({
    start: `${fact}=`,
    value: values[fact],
  }))
  return (entry, name) => {
    let line = ''
    for (const { start, value } of wanted) {
      const text = value(entry)
      if (text !== undefined) line += `${start}${text};`
    }
    return `${line} ${printable(name)}`
  }
}

/** Keeps the text of the last number: most entries of a directory share it with the one before. */
function lastText(make: (value: number) => string): (value: number) => string {
  let known = Number.NaN
  let text = ''
  return (value) => {
    if (value !== known) text = make(value)
    known = value
    return text
  }
}

function valuesFor(permitted: Permitted): Record<Fact, (entry: Entry) => string | undefined> {
  const filePerm = letters(permitted, FILE_LETTERS)
  const directoryPerm = letters(permitted, DIRECTORY_LETTERS)
  const deviceText = lastText((device) => `${device.toString(16)}g`)
  const modeText = lastText((mode) => `0${mode.toString(8).padStart(3, '0')}`)
  return {
    type: (entry) => TYPES[entry.kind],
    size: (entry) => (entry.kind === 'directory' ? undefined : String(entry.size)),
    modify: (entry) => formatTime(entry.mtimeMs),
    perm: (entry) => (entry.kind === 'directory' ? directoryPerm : filePerm),
    unique: (entry) => deviceText(entry.device) + entry.inode.toString(16),
    'UNIX.mode': (entry) => modeText(entry.mode),
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
