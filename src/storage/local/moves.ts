import { linkSync, mkdirSync, renameSync, rmdirSync } from 'node:fs'
import { FileServerError } from '../../core/errors.ts'
import type { UserId } from '../../core/identity.ts'
import type { Entry, StorageKey, Usage } from '../../core/vfs/storage.ts'
import { NO_USAGE } from '../staged-upload.ts'
import { freedBy, required, visitName } from './changes.ts'
import type { LocalContext } from './context.ts'
import { isSame, plus } from './entry.ts'
import type { Spot } from './jail.ts'
import { lettingGo } from './letting-go.ts'
import { moveByLink } from './move-by-link.ts'
import type { LocalSystem } from './system.ts'

function nameAt(system: LocalSystem, { directory, name }: Spot): Entry | undefined {
  return system.lstat(directory.fd, name)
}

/** Moves without replacing; where the file system cannot do that in one step: a link for files, an empty directory of our own as the place for directories. */
function moveToFreeName(system: LocalSystem, from: Spot, to: Spot, entry: Entry): void {
  if (system.renameNew(from.directory.fd, from.name, to.directory.fd, to.name)) return
  if (entry.kind === 'directory') {
    mkdirSync(to.at)
    try {
      renameSync(from.at, to.at)
    } catch (error) {
      rmdirSync(to.at)
      throw error
    }
    return
  }
  if (moveByLink(from.at, to.at)) return
  if (nameAt(system, to) !== undefined) throw new FileServerError('path.exists')
  renameSync(from.at, to.at)
}

function forget({ directories, location }: LocalContext, ...spots: readonly Spot[]): void {
  for (const { directory, name } of spots) directories.forget(location, `${directory.path}/${name}`)
}

/**
 * Two names of one object: hard links, of which a rename leaves both, or the same name in another case, where the file
 * system makes no difference between them.
 */
function moveToItself(
  context: LocalContext,
  from: Spot,
  to: Spot,
  { entry, replace }: Readonly<{ entry: Entry; replace: boolean }>,
): Usage {
  if (from.name === to.name && from.directory.id === to.directory.id) return NO_USAGE
  const linked = entry.kind !== 'directory' && entry.links > 1
  if (linked && !replace) throw new FileServerError('path.exists')
  context.system.rename(from.directory.fd, from.name, to.directory.fd, to.name)
  forget(context, from, to)
  return NO_USAGE
}

export type RenameOptions = Readonly<{ owner: UserId; replace: boolean }>

function move(context: LocalContext, from: Spot, to: Spot, { owner, replace }: RenameOptions): Usage {
  if (context.partials.idle(from, owner) !== undefined) {
    throw new FileServerError('path.unfinished')
  }
  const { system } = context
  const entry = required(nameAt(system, from))
  const replaced = nameAt(system, to)
  if (isSame(replaced, entry)) return moveToItself(context, from, to, { entry, replace })
  if (replaced !== undefined && !replace) throw new FileServerError('path.exists')
  if (replace) {
    lettingGo(to.directory.fd, replaced, () =>
      system.rename(from.directory.fd, from.name, to.directory.fd, to.name),
    )
  } else moveToFreeName(system, from, to, entry)
  forget(context, from, to)
  return plus(freedBy(context, replaced), dropPartial(context, to, owner))
}

/** What was to have the name. One that cannot be removed stays counted: the name itself has been moved, and that is to be said. */
function dropPartial({ partials }: LocalContext, to: Spot, owner: UserId): Usage {
  try {
    return partials.drop(to, owner) ?? NO_USAGE
  } catch {
    return NO_USAGE
  }
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

export function hardLink(context: LocalContext, from: StorageKey, to: StorageKey): number {
  return between(context, from, to, (source, target) => {
    const entry = required(nameAt(context.system, source))
    if (entry.kind !== 'file') {
      throw new FileServerError('storage.unsupported', 'only files can be linked')
    }
    linkSync(source.at, target.at)
    context.inPlace.told(entry, entry.size)
    return entry.size
  })
}
