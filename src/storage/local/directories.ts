import { closeSync, fstatSync } from 'node:fs'
import type { Clock } from '../../core/ports.ts'

/** An open directory of a mount. `path` is where it was found, without links; '' is the mount's root. */
export type Directory = Readonly<{ fd: number; root: string; path: string; id: string }>

/** Closes what cannot be asked: the root of a file system that has died, for instance. */
function identityOf(fd: number): Readonly<{ dev: number; ino: number }> {
  try {
    return fstatSync(fd)
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** A directory with its place in the cache. */
class Slot implements Directory {
  readonly fd: number
  readonly root: string
  readonly path: string
  readonly id: string
  readonly openedAt: number
  users = 0
  cached = true

  constructor(fd: number, root: string, path: string, openedAt: number) {
    const { dev, ino } = identityOf(fd)
    this.fd = fd
    this.root = root
    this.path = path
    this.id = `${dev}:${ino}`
    this.openedAt = openedAt
  }
}

/**
 * Keeps handles of directories for a short while, least recently used out first. A handle stays true when its
 * directory is renamed by others, but its path does not: hence the short life, and `forget` for changes of our own.
 */
export type Directories = {
  find(root: string, path: string): Directory | undefined
  /** Takes over the descriptor. */
  add(root: string, path: string, fd: number): Directory
  /** Keeps a handle open beyond this turn; as often released. */
  retain(directory: Directory): void
  release(directory: Directory): void
  /** Forgets a path and all below it. */
  forget(root: string, path: string): void
  /** Forgets the directory if it has been removed; true when it had. */
  forgetRemoved(directory: Directory): boolean
  close(): void
}

/** With each handle that comes so many that are too old go, so that those of a tree that was walked do not stay for good. */
const OLD_AT_ONCE = 2

export type DirectoriesOptions = Readonly<{ max: number; ttlMs: number; clock: Pick<Clock, 'monotonic'> }>

function keyOf(root: string, path: string): string {
  return `${root}\0${path}`
}

export function createDirectories({ max, ttlMs, clock }: DirectoriesOptions): Directories {
  /** In order of use; the first was used longest ago. */
  const cached = new Map<string, Slot>()
  /** The last of them: many files of one directory need no look into the map. */
  let newest: Slot | undefined

  const closeUnused = (slot: Slot) => {
    if (!slot.cached && slot.users === 0) closeSync(slot.fd)
  }
  const evict = (key: string, slot: Slot) => {
    cached.delete(key)
    slot.cached = false
    if (slot === newest) newest = undefined
    closeUnused(slot)
  }
  const evictWhere = (matches: (key: string) => boolean) => {
    for (const [key, slot] of cached) if (matches(key)) evict(key, slot)
  }
  const count = (directory: Directory, by: number) => {
    if (!(directory instanceof Slot)) return
    directory.users += by
    if (by < 0) closeUnused(directory)
  }
  const isFresh = (slot: Slot) => clock.monotonic() - slot.openedAt <= ttlMs

  return {
    find: (root, path) => {
      if (newest?.path === path && newest.root === root && isFresh(newest)) return newest
      const key = keyOf(root, path)
      const slot = cached.get(key)
      if (slot === undefined) return undefined
      if (!isFresh(slot)) {
        evict(key, slot)
        return undefined
      }
      cached.delete(key)
      cached.set(key, slot)
      newest = slot
      return slot
    },
    add: (root, path, fd) => {
      const slot = new Slot(fd, root, path, clock.monotonic())
      const key = keyOf(root, path)
      const same = cached.get(key)
      if (same !== undefined) evict(key, same)
      let old = OLD_AT_ONCE
      for (const [oldestKey, oldest] of cached) {
        if (cached.size < max && (old === 0 || isFresh(oldest))) break
        old = Math.max(0, old - 1)
        evict(oldestKey, oldest)
      }
      cached.set(key, slot)
      newest = slot
      return slot
    },
    retain: (directory) => count(directory, 1),
    release: (directory) => count(directory, -1),
    forget: (root, path) => {
      const key = keyOf(root, path)
      evictWhere((other) => other === key || other.startsWith(`${key}/`))
    },
    forgetRemoved: (directory) => {
      if (fstatSync(directory.fd).nlink > 0) return false
      const key = keyOf(directory.root, directory.path)
      evictWhere((other) => other === key || other.startsWith(`${key}/`))
      return true
    },
    close: () => evictWhere(() => true),
  }
}
