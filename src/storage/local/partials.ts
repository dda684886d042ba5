import { createHash } from 'node:crypto'
import type { UserId } from '../../core/identity.ts'
import type { Entry, Usage } from '../../core/vfs/storage.ts'
import type { ActiveUploads } from '../active-uploads.ts'
import { RESERVED_PREFIX } from '../reserved.ts'
import type { Directory } from './directories.ts'
import { usageOf } from './entry.ts'
import type { InPlaceFiles } from './in-place.ts'
import type { Spot } from './jail.ts'
import { lettingGo } from './letting-go.ts'
import type { LocalSystem } from './system.ts'

/** Hex digits of SHA-256 that stand for an owner: enough that two accounts never meet. */
const OWNER_DIGITS = 10
const NAME_DIGITS = 32
const MAX_NAME_BYTES = 255
/** UTF-8 needs at most three bytes per UTF-16 unit, so shorter names need no count. */
const BYTES_PER_UNIT = 3
/** Owners remembered with their prefix. */
const MAX_KNOWN_OWNERS = 4096

/**
 * Partial uploads are files `.sp~<owner>~<name>` beside the file they will become; `.sp~<owner>#<hash>` where that name
 * would be too long (such a one can be resumed and seen by its name, but is not listed).
 */
export type Partials = {
  nameFor(owner: UserId, name: string): string
  /** What is to become the partial, while it is copied: it stands for no name, but goes when it is too old. */
  draftFor(owner: UserId, name: string): string
  /** What every listed partial of the owner begins with; the file's name follows. */
  prefixOf(owner: UserId): string
  /** Begins all partials of the owner, listed or not. */
  ownerPrefix(owner: UserId): string
  /** An upload of this process has the partial open. */
  isActive(directory: Directory, partialName: string): boolean
  activeKey(directory: Directory, partialName: string): string
  /** The owner's idle partial for the spot, under its own name. */
  idle(spot: Spot, owner: UserId): Entry | undefined
  /** Removes the owner's idle partial for the spot; undefined when there is none. */
  drop(spot: Spot, owner: UserId): Usage | undefined
}

function hash(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits)
}

export function createPartials(active: ActiveUploads, system: LocalSystem, inPlace: InPlaceFiles): Partials {
  const known = new Map<string, string>()
  const ownerPrefix = (owner: UserId): string => {
    const found = known.get(owner)
    if (found !== undefined) return found
    if (known.size >= MAX_KNOWN_OWNERS) known.clear()
    const made = `${RESERVED_PREFIX}${hash(owner, OWNER_DIGITS)}`
    known.set(owner, made)
    return made
  }
  const nameFor = (owner: UserId, name: string): string => {
    const plain = `${ownerPrefix(owner)}~${name}`
    if (plain.length * BYTES_PER_UNIT <= MAX_NAME_BYTES) return plain
    if (Buffer.byteLength(plain) <= MAX_NAME_BYTES) return plain
    return `${ownerPrefix(owner)}#${hash(name, NAME_DIGITS)}`
  }
  const activeKey = (directory: Directory, partialName: string) => `${directory.id}/${partialName}`
  const isActive = (directory: Directory, partialName: string) =>
    active.has(activeKey(directory, partialName))
  const idle = ({ directory, name }: Spot, owner: UserId) => {
    const partialName = nameFor(owner, name)
    const partial = system.lstat(directory.fd, partialName)
    return partial?.kind === 'file' && !isActive(directory, partialName) ? partial : undefined
  }
  return {
    nameFor,
    draftFor: (owner, name) => `${ownerPrefix(owner)}!${hash(name, NAME_DIGITS)}`,
    prefixOf: (owner) => `${ownerPrefix(owner)}~`,
    ownerPrefix,
    isActive,
    activeKey,
    idle,
    drop: (spot, owner) => {
      const partial = idle(spot, owner)
      if (partial === undefined) return undefined
      const { fd } = spot.directory
      lettingGo(fd, partial, () => system.unlink(fd, partial.name))
      inPlace.told(partial, -partial.size)
      return usageOf(partial)
    },
  }
}
