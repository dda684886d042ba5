import {
  chmodSync,
  fstatSync,
  mkdirSync,
  opendirSync,
  rmdirSync,
  type Stats,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { FileServerError } from '../../core/errors.ts'
import type { UserId } from '../../core/identity.ts'
import type { StorageKey, Usage } from '../../core/vfs/storage.ts'
import { isReserved } from '../reserved.ts'
import { NO_USAGE } from '../staged-upload.ts'
import type { LocalContext } from './context.ts'
import { plus, usageOf } from './entry.ts'
import { errnoOf } from './errno.ts'
import { ITSELF, type Spot } from './jail.ts'
import { inside, lstatMaybe, OPEN_DIRECTORY, self, withOpen } from './proc.ts'

const NEW_DIRECTORY_MODE = 0o777

/** The name itself, links not followed, as something that can be made, moved or removed. */
export function visitName<T>(context: LocalContext, key: StorageKey, work: (spot: Spot) => T): T {
  return context.jail.find(key, (spot) => {
    if (spot.name === ITSELF) throw new FileServerError('access.denied', 'the root of a mount stays')
    return work(spot)
  })
}

export function required(stats: Stats | undefined): Stats {
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

export function symbolicLink(context: LocalContext, target: string, key: StorageKey): void {
  if (context.settings.symlinks === 'refuse') {
    throw new FileServerError('access.denied', 'symbolic links are refused')
  }
  visitName(context, key, (spot) => symlinkSync(target, spot.at))
}
