import { chmodSync, fstatSync, lutimesSync, type Stats, truncate, truncateSync, utimesSync } from 'node:fs'
import { promisify } from 'node:util'
import { FileServerError } from '../../core/errors.ts'
import type { UserId } from '../../core/identity.ts'
import { andThen, type MaybePromise } from '../../core/maybe-promise.ts'
import type { AttributeChanges, StorageKey } from '../../core/vfs/storage.ts'
import type { LocalContext } from './context.ts'
import { MODE_BITS } from './entry.ts'
import { fileTime } from './file-time.ts'
import { LINK } from './jail.ts'
import { LARGE_BYTES } from './letting-go.ts'
import { inside, OPEN_NAME, self, withOpen } from './proc.ts'

const truncateLater = promisify(truncate)

/** Sets the size of what the descriptor has open, in the thread pool if much goes; gives the growth of all names. */
function resize(context: LocalContext, fd: number, stats: Stats, size: number): MaybePromise<number> {
  if (stats.isDirectory()) throw new FileServerError('path.is-directory')
  if (!stats.isFile()) throw new FileServerError('storage.unsupported')
  const grown = () => {
    const growth = (size - stats.size) * stats.nlink
    context.inPlace.told({ device: stats.dev, inode: stats.ino }, growth)
    return growth
  }
  if (stats.size - size >= LARGE_BYTES) return truncateLater(self(fd), size).then(grown)
  truncateSync(self(fd), size)
  return grown()
}

function changeRest(fd: number, stats: Stats, { mode, mtimeMs, atimeMs }: AttributeChanges): void {
  if (mode !== undefined) chmodSync(self(fd), mode & MODE_BITS)
  if (mtimeMs !== undefined || atimeMs !== undefined) {
    utimesSync(self(fd), fileTime(atimeMs ?? stats.atimeMs), fileTime(mtimeMs ?? fstatSync(fd).mtimeMs))
  }
}

/** Acts on what the descriptor has open, never on a name that could have become a link. Gives the growth in bytes. */
function changeOpened(
  context: LocalContext,
  fd: number,
  stats: Stats,
  changes: AttributeChanges,
): MaybePromise<number> {
  const growth = changes.size === undefined ? 0 : resize(context, fd, stats, changes.size)
  return andThen(growth, (bytes) => {
    changeRest(fd, stats, changes)
    return bytes
  })
}

function changeLink(at: string, stats: Stats, { size, mode, mtimeMs, atimeMs }: AttributeChanges): void {
  if (size !== undefined || mode !== undefined) throw new FileServerError('storage.unsupported')
  lutimesSync(at, fileTime(atimeMs ?? stats.atimeMs), fileTime(mtimeMs ?? stats.mtimeMs))
}

export type AttributeTarget = Readonly<{ key: StorageKey; owner: UserId; follow: boolean }>

export function setAttributes(
  context: LocalContext,
  target: AttributeTarget,
  changes: AttributeChanges,
): MaybePromise<number> {
  return context.jail.find(target.key, (spot) => {
    const partial = context.partials.idle(spot, target.owner)
    // Its time says since when nobody goes on with it: an older one would be the end of it.
    if (partial !== undefined && changes.mtimeMs !== undefined) throw new FileServerError('path.unfinished')
    const at = partial === undefined ? spot.at : inside(spot.directory.fd, partial.name)
    return withOpen(at, OPEN_NAME, (fd) => {
      const stats = fstatSync(fd)
      if (!stats.isSymbolicLink()) return changeOpened(context, fd, stats, changes)
      if (target.follow) return LINK
      changeLink(at, stats, changes)
      return 0
    })
  })
}
