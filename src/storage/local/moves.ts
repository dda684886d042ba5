import { linkSync, mkdirSync, renameSync, rmdirSync, type Stats, unlinkSync } from 'node:fs'
import { FileServerError } from '../../core/errors.ts'
import type { UserId } from '../../core/identity.ts'
import type { StorageKey, Usage } from '../../core/vfs/storage.ts'
import { NO_USAGE } from '../staged-upload.ts'
import { required, visitName } from './changes.ts'
import type { LocalContext } from './context.ts'
import { plus, usageOf } from './entry.ts'
import { refusesHardLinks } from './errno.ts'
import type { Spot } from './jail.ts'
import { lstatMaybe } from './proc.ts'

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

export function hardLink(context: LocalContext, from: StorageKey, to: StorageKey): number {
  return between(context, from, to, (source, target) => {
    const stats = required(lstatMaybe(source.at))
    if (!stats.isFile()) {
      throw new FileServerError('storage.unsupported', 'only files can be linked')
    }
    linkSync(source.at, target.at)
    return stats.size
  })
}
