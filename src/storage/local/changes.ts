import { chmodSync, fstatSync, mkdirSync, opendirSync, rmdirSync, symlinkSync } from 'node:fs'
import { FileServerError } from '../../core/errors.ts'
import type { UserId } from '../../core/identity.ts'
import type { Entry, StorageKey, Usage } from '../../core/vfs/storage.ts'
import { isReserved } from '../reserved.ts'
import { NO_USAGE } from '../staged-upload.ts'
import type { LocalContext } from './context.ts'
import { plus, usageOf } from './entry.ts'
import { errnoOf } from './errno.ts'
import { ITSELF, type Spot } from './jail.ts'
import { lettingGo } from './letting-go.ts'
import { inside, OPEN_DIRECTORY, self, withOpen } from './proc.ts'

const NEW_DIRECTORY_MODE = 0o777

/** The name itself, links not followed, as something that can be made, moved or removed. */
export function visitName<T>(context: LocalContext, key: StorageKey, work: (spot: Spot) => T): T {
  return context.jail.find(key, (spot) => {
    if (spot.name === ITSELF) throw new FileServerError('access.denied', 'the root of a mount stays')
    return work(spot)
  })
}

export function required(entry: Entry | undefined): Entry {
  if (entry === undefined) throw new FileServerError('path.not-found')
  return entry
}

/** What taking the name of this away has freed. */
export function freedBy({ inPlace }: LocalContext, entry: Entry | undefined): Usage {
  const freed = usageOf(entry)
  if (entry !== undefined) inPlace.told(entry, -freed.bytes)
  return freed
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
    const entry = required(context.system.lstat(spot.directory.fd, spot.name))
    if (entry.kind === 'directory') throw new FileServerError('path.is-directory')
    const { fd } = spot.directory
    lettingGo(fd, entry, () => context.system.unlink(fd, spot.name))
    return freedBy(context, entry)
  })
}

/** Removes idle partials, if nothing else is in the directory. Resolves to what the owner's freed. */
function removePartialsIn(context: LocalContext, spot: Spot, owner: UserId): Usage {
  const { partials, system } = context
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
      const entry = system.lstat(fd, name)
      if (name.startsWith(partials.ownerPrefix(owner))) freed = plus(freed, usageOf(entry))
      lettingGo(fd, entry, () => system.unlink(fd, name))
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
