// RFC 3659 section 7: facts about an entry, as MLST and MLSD send them.
import type { Action } from '../core/identity.ts'
import type { Entry } from '../core/vfs/storage.ts'
import { oneLine } from './replies.ts'
import { formatTime } from './times.ts'

export const FACTS = ['type', 'size', 'modify', 'perm', 'unique', 'UNIX.mode'] as const
export type Fact = (typeof FACTS)[number]
export const ALL_FACTS: ReadonlySet<Fact> = new Set(FACTS)

type Permitted = ReadonlySet<Action>

export type Rights = Readonly<{
  /** What may be done to the entries themselves. */
  here: Permitted
  /** What may be done inside one that is a directory: it may be another mount. */
  inside: (name: string) => Permitted
  /** A directory that can be neither removed nor renamed, whatever the permissions say. */
  fixed: (name: string) => boolean
}>

/** `a=b;c=d; name` without the line's end; one formatter per listing, so that what entries share is put into words once. */
export function createFactFormat(
  facts: ReadonlySet<Fact>,
  rights: Rights,
): (entry: Entry, name: string) => string {
  const typeText = textsOf(facts.has('type'), (kind) => `type=${TYPES[kind]};`)
  const permText = permTexts(facts.has('perm'), rights)
  const uniqueStart = lastText((device) => `unique=${device.toString(16)}g`)
  const modeText = lastText((mode) => `UNIX.mode=0${mode.toString(8).padStart(3, '0')};`)
  const [size, modify, unique, mode] = (['size', 'modify', 'unique', 'UNIX.mode'] as const).map((fact) =>
    facts.has(fact),
  )
  return (entry, name) => {
    const { kind } = entry
    let line = typeText[kind]
    if (size && kind !== 'directory') line += `size=${entry.size};`
    if (modify) line += `modify=${formatTime(entry.mtimeMs)};`
    line += permText(kind, name)
    if (unique) line += `${uniqueStart(entry.device)}${entry.inode.toString(16)};`
    if (mode) line += modeText(entry.mode)
    return `${line} ${oneLine(name)}`
  }
}

type Kind = Entry['kind']

/** One text for each kind of entry; empty ones for a fact that is not wanted. */
function textsOf(wanted: boolean, make: (kind: Kind) => string): Record<Kind, string> {
  const text = (kind: Kind) => (wanted ? make(kind) : '')
  return {
    file: text('file'),
    directory: text('directory'),
    symlink: text('symlink'),
    other: text('other'),
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

/** Without what is done to the directory itself. */
const INNER_LETTERS = DIRECTORY_LETTERS.filter(([letter]) => letter !== 'd' && letter !== 'f')

function letters(pairs: readonly Letter[], permitted: Permitted): string {
  return pairs.map(([letter, action]) => (permitted.has(action) ? letter : '')).join('')
}

function permTexts(wanted: boolean, rights: Rights): (kind: Kind, name: string) => string {
  if (!wanted) return () => ''
  const text = (pairs: readonly Letter[], permitted: Permitted) => `perm=${letters(pairs, permitted)};`
  const file = text(FILE_LETTERS, rights.here)
  let known: Permitted | undefined
  let movable = ''
  let fixed = ''
  return (kind, name) => {
    if (kind !== 'directory') return file
    const within = rights.inside(name)
    if (within !== known) {
      movable = text(DIRECTORY_LETTERS, within)
      fixed = text(INNER_LETTERS, within)
    }
    known = within
    return rights.fixed(name) ? fixed : movable
  }
}
