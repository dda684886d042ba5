import { fstatSync, openSync, readlinkSync } from 'node:fs'
import { FileServerError } from '../../core/errors.ts'
import type { StorageKey } from '../../core/vfs/storage.ts'
import { isReserved } from '../reserved.ts'
import type { Directories, Directory } from './directories.ts'
import { errnoOf } from './errno.ts'
import { inside, OPEN_DIRECTORY, OPEN_ROOT } from './proc.ts'
import type { Roots } from './roots.ts'

/** A name in an open directory. `at` is the path for system calls: it can't lead anywhere else, but it may be a link. */
export class Spot {
  readonly directory: Directory
  readonly name: string

  constructor(directory: Directory, name: string) {
    this.directory = directory
    this.name = name
  }

  get at(): string {
    return inside(this.directory.fd, this.name)
  }
}

/** What a visitor answers when it met a symbolic link that it wants followed. */
export const LINK = Symbol('link')

/** The name of a mount's root (or of any directory that a link's `..` ends in). */
export const ITSELF = '.'

export type Jail = {
  /**
   * Opens the way to `key`, each component relative to its parent's handle, and visits its last name; must be
   * finished with the spot in the same turn, or retain its directory. Visitors open with O_NOFOLLOW only.
   */
  find<T>(key: StorageKey, visit: Visit<T>): T
  /** The directory that `key` leads to, links followed; for this turn, or to be retained. */
  directory(key: StorageKey): Directory
}

export type JailOptions = Readonly<{
  location: string
  symlinks: 'follow' | 'refuse'
  directories: Directories
  /** For a location that was removed while it was in use. */
  roots: Pick<Roots, 'seen' | 'require'>
}>

const MAX_LINKS = 40
/** Names of one walk, those in links' targets too: forty links of `a/..` over and over would hold everybody up. */
const MAX_STEPS = 2048
/** Deeper than any tree that is in use; who removes directories as fast as they are opened must not hold a walk. */
const MAX_FORGOTTEN = 64

/** Where a walk is, and the names still to go, last first. */
type Walker = { directory: Directory; readonly pending: string[] }

type Visit<T> = (spot: Spot) => T | typeof LINK

/** The parts of a path, last first, ready to be popped. */
function reversedParts(path: string): string[] {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .reverse()
}

/** Steps from directory to directory below one location, over the cache of open handles. */
function createSteps({ location, directories, roots }: JailOptions) {
  const openRoot = (): number => {
    try {
      return openSync(location, OPEN_ROOT)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
      roots.require(location)
      return openSync(location, OPEN_ROOT)
    }
  }
  const addRoot = (): Directory => {
    const directory = directories.add(location, '', openRoot())
    roots.seen(location)
    return directory
  }
  const root = (): Directory => directories.find(location, '') ?? addRoot()

  /** Undefined when the name is a link. */
  const enter = (directory: Directory, name: string): Directory | undefined => {
    const path = `${directory.path}/${name}`
    const known = directories.find(location, path)
    if (known !== undefined) return known
    try {
      return directories.add(location, path, openSync(inside(directory.fd, name), OPEN_DIRECTORY))
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === 'ENOTDIR' || errno === 'ELOOP') return undefined
      throw error
    }
  }

  const parent = (directory: Directory): Directory => {
    const path = directory.path.slice(0, Math.max(0, directory.path.lastIndexOf('/')))
    const known = directories.find(location, path)
    if (known !== undefined) return known
    let at = root()
    for (const name of reversedParts(path).reverse()) {
      const next = enter(at, name)
      // It was a directory a moment ago; who replaces it by a link gets nothing.
      if (next === undefined) throw new FileServerError('path.not-found')
      at = next
    }
    return at
  }
  return { root, enter, parent }
}

function readTarget(spot: Spot): string {
  try {
    return readlinkSync(spot.at)
  } catch (error) {
    if (errnoOf(error) === 'EINVAL') throw new FileServerError('path.not-directory')
    throw error
  }
}

/** To list a removed directory is no error for the system: what was made in its place would look empty. */
function stillThere(directory: Directory): Directory {
  if (fstatSync(directory.fd).nlink === 0) throw new FileServerError('path.not-found')
  return directory
}

/**
 * The race-free jail: no path is ever checked and then used. Each component is opened relative to the handle of its
 * parent, without following; links are read and walked by us, so that `..` and absolute targets end at the root. Who
 * swaps directories and links meanwhile can make a walk fail, never lead it out.
 */
export function createJail(options: JailOptions): Jail {
  const { location, symlinks, directories } = options
  const steps = createSteps(options)

  const follow = (spot: Spot, pending: string[]): Directory => {
    const target = readTarget(spot)
    if (symlinks === 'refuse') throw new FileServerError('access.denied', 'symbolic links are refused')
    for (const part of reversedParts(target)) pending.push(part)
    return target.startsWith('/') ? steps.root() : spot.directory
  }

  /** Begins at the parent's handle when it is known. */
  const toName = (key: StorageKey): Walker => {
    const slash = key.lastIndexOf('/')
    const known = key === '/' ? undefined : directories.find(location, key.slice(0, slash))
    if (known !== undefined) return { directory: known, pending: [key.slice(slash + 1)] }
    return { directory: steps.root(), pending: reversedParts(key) }
  }
  const toDirectory = (key: StorageKey): Walker => {
    const known = directories.find(location, key === '/' ? '' : key)
    if (known !== undefined) return { directory: known, pending: [] }
    return { directory: steps.root(), pending: [ITSELF, ...reversedParts(key)] }
  }

  const walk = <T>(walker: Walker, visit: Visit<T>): T => {
    const { pending } = walker
    for (let links = 0, taken = 0; links <= MAX_LINKS && taken < MAX_STEPS; taken += 1) {
      const { directory } = walker
      const name = pending.pop() ?? ITSELF
      if (name === '..') {
        walker.directory = steps.parent(directory)
        continue
      }
      if (isReserved(name)) throw new FileServerError('path.not-found')
      const spot = new Spot(directory, name)
      if (pending.length > 0) {
        const next = steps.enter(directory, name)
        if (next !== undefined) {
          walker.directory = next
          continue
        }
      } else {
        const answer = visit(spot)
        if (answer !== LINK) return answer
      }
      links += 1
      walker.directory = follow(spot, pending)
    }
    throw new FileServerError('path.not-found', 'too many links')
  }

  const run = <T>(key: StorageKey, begin: (key: StorageKey) => Walker, visit: Visit<T>): T => {
    for (let forgotten = 0; ; forgotten += 1) {
      let walker: Walker | undefined
      try {
        walker = begin(key)
        return walk(walker, visit)
      } catch (error) {
        // Known handles may be those of directories which were removed, and made again, by somebody else: with each
        // that is forgotten, the walk begins further up.
        if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'path.not-found') throw error
        if (forgotten === MAX_FORGOTTEN || walker === undefined) throw error
        if (!directories.forgetRemoved(walker.directory)) throw error
      }
    }
  }
  return {
    find: (key, visit) => run(key, toName, visit),
    directory: (key) => run(key, toDirectory, ({ directory }) => stillThere(directory)),
  }
}
