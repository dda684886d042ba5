import {
  chmodSync,
  fstatSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  opendirSync,
  renameSync,
  rmdirSync,
  type Stats,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
} from 'node:fs'
import { FileServerError } from '../../core/errors.ts'
import type { UserId } from '../../core/identity.ts'
import type { AttributeChanges, StorageKey, Usage } from '../../core/vfs/storage.ts'
import { isReserved } from '../reserved.ts'
import { NO_USAGE } from '../staged-upload.ts'
import type { LocalContext } from './context.ts'
import { MODE_BITS, plus, usageOf } from './entry.ts'
import { errnoOf, refusesHardLinks } from './errno.ts'
import { ITSELF, LINK, type Spot } from './jail.ts'
import { inside, lstatMaybe, OPEN_DIRECTORY, OPEN_NAME, self, withOpen } from './proc.ts'

const NEW_DIRECTORY_MODE = 0o777

/** The name itself, links not followed, as something that can be made, moved or removed. */
function visitName<T>(context: LocalContext, key: StorageKey, work: (spot: Spot) => T): T {
  return context.jail.find(key, (spot) => {
    if (spot.name === ITSELF) throw new FileServerError('access.denied', 'the root of a mount stays')
    return work(spot)
  })
}

function required(stats: Stats | undefined): Stats {
  if (stats === undefined) throw new FileServerError('path.not-found')
  return stats
}

export function makeDirectory(context: LocalContext, key: StorageKey): void {
  context.jail.find(key, ({ name, at }) => {
    if (name === ITSELF) throw new FileServerError('path.exists')
    const mode = NEW_DIRECTORY_MODE & ~context.settings.umask
    mkdirSync(at, mode)
    // The process's own umask took bits away as well; through a handle this can't hit what a link points to.
    withOpen(at, OPEN_DIRECTORY, (fd) => chmodSync(self(fd), mode))
  })
}

export function removeFile(context: LocalContext, key: StorageKey, owner: UserId): Usage {
  return visitName(context, key, (spot) => {
    const dropped = context.partials.drop(spot, owner)
    if (dropped !== undefined) return dropped
    const stats = required(lstatMaybe(spot.at))
    if (stats.isDirectory()) throw new FileServerError('path.is-directory')
    unlinkSync(spot.at)
    return usageOf(stats)
  })
}

/** Removes idle partials, if nothing else is in the directory. Resolves to what the owner's freed. */
function removePartialsIn(context: LocalContext, spot: Spot, owner: UserId): Usage {
  const { partials } = context
  return withOpen(spot.at, OPEN_DIRECTORY, (fd) => {
    const { dev, ino } = fstatSync(fd)
    const directory = { ...spot.directory, fd, id: `${dev}:${ino}` }
    const names: string[] = []
    const dir = opendirSync(inside(fd, '.'))
    try {
      for (let next = dir.readSync(); next !== null; next = dir.readSync()) {
        if (!isReserved(next.name) || partials.isActive(directory, next.name)) {
          throw new FileServerError('path.not-empty')
        }
        names.push(next.name)
      }
    } finally {
      dir.closeSync()
    }
    let freed = NO_USAGE
    for (const name of names) {
      const at = inside(fd, name)
      if (name.startsWith(partials.ownerPrefix(owner))) freed = plus(freed, usageOf(lstatMaybe(at)))
      unlinkSync(at)
    }
    return freed
  })
}

export function removeDirectory(context: LocalContext, key: StorageKey, owner: UserId): Usage {
  return visitName(context, key, (spot) => {
    let freed = NO_USAGE
    try {
      rmdirSync(spot.at)
    } catch (error) {
      if (errnoOf(error) !== 'ENOTEMPTY') throw error
      freed = removePartialsIn(context, spot, owner)
      rmdirSync(spot.at)
    }
    context.directories.forget(context.location, `${spot.directory.path}/${spot.name}`)
    return freed
  })
}

/** Moves without replacing: a link for files, an empty directory of our own as the place for directories. */
function moveToFreeName(from: Spot, to: Spot, stats: Stats): void {
  if (stats.isDirectory()) {
    mkdirSync(to.at)
    try {
      renameSync(from.at, to.at)
    } catch (error) {
      rmdirSync(to.at)
      throw error
    }
    return
  }
  try {
    linkSync(from.at, to.at)
    unlinkSync(from.at)
  } catch (error) {
    if (!refusesHardLinks(error)) throw error
    if (lstatMaybe(to.at) !== undefined) throw new FileServerError('path.exists')
    renameSync(from.at, to.at)
  }
}

export type RenameOptions = Readonly<{ owner: UserId; replace: boolean }>

function move(context: LocalContext, from: Spot, to: Spot, { owner, replace }: RenameOptions): Usage {
  if (context.partials.idle(from, owner) !== undefined) {
    throw new FileServerError('storage.busy', 'an upload of this name is not finished')
  }
  const stats = required(lstatMaybe(from.at))
  const replaced = lstatMaybe(to.at)
  if (replaced !== undefined && replaced.ino === stats.ino && replaced.dev === stats.dev) return NO_USAGE
  if (replaced !== undefined && !replace) throw new FileServerError('path.exists')
  if (replace) renameSync(from.at, to.at)
  else moveToFreeName(from, to, stats)
  for (const spot of [from, to]) {
    context.directories.forget(context.location, `${spot.directory.path}/${spot.name}`)
  }
  return plus(usageOf(replaced), context.partials.drop(to, owner) ?? NO_USAGE)
}

export function rename(
  context: LocalContext,
  from: StorageKey,
  to: StorageKey,
  options: RenameOptions,
): Usage {
  return between(context, from, to, (source, target) => move(context, source, target, options))
}

/** Visits two names at once; the first one's directory stays open while the second is looked for. */
function between<T>(
  context: LocalContext,
  from: StorageKey,
  to: StorageKey,
  work: (source: Spot, target: Spot) => T,
): T {
  const { directories } = context
  return visitName(context, from, (source) => {
    directories.retain(source.directory)
    try {
      return visitName(context, to, (target) => work(source, target))
    } finally {
      directories.release(source.directory)
    }
  })
}

export function hardLink(context: LocalContext, from: StorageKey, to: StorageKey): void {
  between(context, from, to, (source, target) => {
    if (!required(lstatMaybe(source.at)).isFile()) {
      throw new FileServerError('storage.unsupported', 'only files can be linked')
    }
    linkSync(source.at, target.at)
  })
}

export function symbolicLink(context: LocalContext, target: string, key: StorageKey): void {
  if (context.settings.symlinks === 'refuse') {
    throw new FileServerError('access.denied', 'symbolic links are refused')
  }
  visitName(context, key, (spot) => symlinkSync(target, spot.at))
}

/** Acts on what the descriptor has open, never on a name that could have become a link. */
function changeOpened(fd: number, { size, mode, mtimeMs, atimeMs }: AttributeChanges): void {
  const stats = fstatSync(fd)
  if (size !== undefined) {
    if (stats.isDirectory()) throw new FileServerError('path.is-directory')
    if (!stats.isFile()) throw new FileServerError('storage.unsupported')
    truncateSync(self(fd), size)
  }
  if (mode !== undefined) chmodSync(self(fd), mode & MODE_BITS)
  if (mtimeMs !== undefined || atimeMs !== undefined) {
    utimesSync(self(fd), (atimeMs ?? stats.atimeMs) / 1000, (mtimeMs ?? fstatSync(fd).mtimeMs) / 1000)
  }
}

function changeLink(at: string, stats: Stats, { size, mode, mtimeMs, atimeMs }: AttributeChanges): void {
  if (size !== undefined || mode !== undefined) throw new FileServerError('storage.unsupported')
  lutimesSync(at, (atimeMs ?? stats.atimeMs) / 1000, (mtimeMs ?? stats.mtimeMs) / 1000)
}

export type AttributeTarget = Readonly<{ key: StorageKey; owner: UserId; follow: boolean }>

export function setAttributes(
  context: LocalContext,
  target: AttributeTarget,
  changes: AttributeChanges,
): void {
  context.jail.find(target.key, (spot) => {
    const at = context.partials.idle(spot, target.owner)?.at ?? spot.at
    return withOpen(at, OPEN_NAME, (fd) => {
      const stats = fstatSync(fd)
      if (!stats.isSymbolicLink()) return changeOpened(fd, changes)
      if (target.follow) return LINK
      return changeLink(at, stats, changes)
    })
  })
}
