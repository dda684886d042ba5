import { FileServerError } from '../errors.ts'
import type { Mount } from '../identity.ts'
import type { VirtualPath } from './path.ts'
import { isWithin, ROOT } from './path.ts'
import type { StorageKey } from './storage.ts'

/** Where a path leads: the mount whose permissions count, and the key its driver understands. */
export type Place = Readonly<{ mount: Mount; key: StorageKey }>

export type MountTable = {
  /** The mount with the longest matching path; undefined above all mounts. */
  locate(path: VirtualPath): Place | undefined
  /** Names in the directory `path` that are mount points or lead to one. */
  namesIn(path: VirtualPath): ReadonlySet<string>
  /** The root, a mount point or a directory on the way to one: can't be removed, renamed or replaced. */
  isFixed(path: VirtualPath): boolean
  /** The target of a link as the user sees it: absolute targets begin at the mount. */
  targetOut(place: Place, target: string): string
  /** The target as the driver keeps it; access.denied when it leads out of the mount. */
  targetIn(place: Place, target: string): string
}

function keyOf(mount: Mount, path: VirtualPath): StorageKey {
  const rest = mount.at === ROOT ? path : path.slice(mount.at.length)
  return (rest === '' ? '/' : rest) as StorageKey
}

function namesIn(mounts: readonly Mount[], path: VirtualPath): ReadonlySet<string> {
  const start = path === ROOT ? 1 : path.length + 1
  const names = new Set<string>()
  for (const { at } of mounts) {
    if (at === path || !isWithin(path, at)) continue
    const end = at.indexOf('/', start)
    names.add(at.slice(start, end < 0 ? undefined : end))
  }
  return names
}

function targetIn(place: Place, target: string): string {
  const { at } = place.mount
  if (!target.startsWith('/') || at === ROOT) return target
  if (target === at) return '/'
  if (target.startsWith(`${at}/`)) return target.slice(at.length)
  throw new FileServerError('access.denied', 'link leads out of its mount')
}

class Mounts implements MountTable {
  readonly #longestFirst: readonly Mount[]

  constructor(mounts: readonly Mount[]) {
    this.#longestFirst = mounts.length === 1 ? mounts : [...mounts].sort((a, b) => b.at.length - a.at.length)
  }

  locate(path: VirtualPath): Place | undefined {
    for (const mount of this.#longestFirst)
      if (isWithin(mount.at, path)) return { mount, key: keyOf(mount, path) }
    return undefined
  }

  namesIn(path: VirtualPath): ReadonlySet<string> {
    return namesIn(this.#longestFirst, path)
  }

  isFixed(path: VirtualPath): boolean {
    if (path === ROOT) return true
    // Most logins have but the root's, which is below no path.
    for (const { at } of this.#longestFirst) if (at !== ROOT && isWithin(path, at)) return true
    return false
  }

  targetOut({ mount }: Place, target: string): string {
    return target.startsWith('/') && mount.at !== ROOT ? `${mount.at}${target}` : target
  }

  targetIn(place: Place, target: string): string {
    return targetIn(place, target)
  }
}

/** Makes the table that turns virtual paths into places; the only maker of StorageKey. */
export function createMountTable(mounts: readonly Mount[]): MountTable {
  return new Mounts(mounts)
}
