import { chmodSync, mkdirSync, rmdirSync, symlinkSync } from 'node:fs'
import { FileServerError } from '../../core/errors.ts'
import type { UserId } from '../../core/identity.ts'
import type { Entry, StorageKey, Usage } from '../../core/vfs/storage.ts'
import { asFarAsAllowed } from './apply-attributes.ts'
import type { LocalContext } from './context.ts'
import { usageOf } from './entry.ts'
import { ITSELF, type Spot } from './jail.ts'
import { lettingGo } from './letting-go.ts'
import { OPEN_DIRECTORY, self, withOpen } from './proc.ts'

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
    try {
      withOpen(at, OPEN_DIRECTORY, (fd) => asFarAsAllowed(() => chmodSync(self(fd), mode)))
    } catch (error) {
      rmdirSync(at)
      throw error
    }
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

export function symbolicLink(context: LocalContext, target: string, key: StorageKey): void {
  if (context.settings.symlinks === 'refuse') {
    throw new FileServerError('access.denied', 'symbolic links are refused')
  }
  visitName(context, key, (spot) => symlinkSync(target, spot.at))
}
