import { chmodSync, fstatSync, lutimesSync, type Stats, truncate, truncateSync, utimesSync } from 'node:fs'
import { promisify } from 'node:util'
import { FileServerError } from '../../core/errors.ts'
import type { UserId } from '../../core/identity.ts'
import { andThen, type MaybePromise } from '../../core/maybe-promise.ts'
import type { AttributeChanges, Entry, StorageKey } from '../../core/vfs/storage.ts'
import type { LocalContext } from './context.ts'
import { MODE_BITS } from './entry.ts'
import { fileTime } from './file-time.ts'
import type { Counted } from './in-place.ts'
import { LINK, type Spot } from './jail.ts'
import { LARGE_BYTES } from './letting-go.ts'
import { inside, OPEN_NAME, self, withOpen } from './proc.ts'

const truncateLater = promisify(truncate)

/** Sets the size of what the descriptor has open, in the thread pool if much goes; gives the growth of all names. */
function resize(context: LocalContext, fd: number, stats: Stats, size: number): MaybePromise<number> {
  if (stats.isDirectory()) throw new FileServerError('path.is-directory')
  if (!stats.isFile()) throw new FileServerError('storage.unsupported')
  if (stats.size - size >= LARGE_BYTES) return cutLater(context, fd, stats, size)
  truncateSync(self(fd), size)
  const growth = (size - stats.size) * stats.nlink
  context.inPlace.told({ device: stats.dev, inode: stats.ino }, growth)
  return growth
}

/** Others cut, link and remove the same file while the thread pool is at it: each byte is given once. */
async function cutLater({ inPlace }: LocalContext, fd: number, stats: Stats, size: number): Promise<number> {
  inPlace.begin(countedOf(stats))
  let growth = 0
  try {
    await truncateLater(self(fd), size)
  } finally {
    growth = inPlace.end(countedOf(fstatSync(fd)))
  }
  return growth
}

function countedOf({ dev, ino, size, nlink }: Stats): Counted {
  return { device: dev, inode: ino, size, links: nlink }
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
    if (partial !== undefined) return changePartial(context, spot, partial, changes)
    return withOpen(spot.at, OPEN_NAME, (fd) => {
      const stats = fstatSync(fd)
      if (!stats.isSymbolicLink()) return changeOpened(context, fd, stats, changes)
      if (target.follow) return LINK
      changeLink(spot.at, stats, changes)
      return 0
    })
  })
}

function changePartial(
  context: LocalContext,
  { directory }: Spot,
  { name }: Entry,
  changes: AttributeChanges,
): MaybePromise<number> {
  // Its time says since when nobody goes on with it: an older one would be the end of it.
  if (changes.mtimeMs !== undefined) throw new FileServerError('path.unfinished')
  const { active, partials } = context
  // Who goes on with it waits until it has its size.
  return active.inTurn(partials.activeKey(directory, name), undefined, (waited) => {
    if (waited) throw new FileServerError('storage.busy', 'the partial was taken up')
    return withOpen(inside(directory.fd, name), OPEN_NAME, (fd) =>
      changeOpened(context, fd, fstatSync(fd), changes),
    )
  })
}
