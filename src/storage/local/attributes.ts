import { chmodSync, fstatSync, lutimesSync, type Stats, truncateSync, utimesSync } from 'node:fs'
import { FileServerError } from '../../core/errors.ts'
import type { UserId } from '../../core/identity.ts'
import type { AttributeChanges, StorageKey } from '../../core/vfs/storage.ts'
import type { LocalContext } from './context.ts'
import { MODE_BITS } from './entry.ts'
import { LINK } from './jail.ts'
import { inside, OPEN_NAME, self, withOpen } from './proc.ts'

/** Acts on what the descriptor has open, never on a name that could have become a link. Gives the growth in bytes. */
function changeOpened(fd: number, { size, mode, mtimeMs, atimeMs }: AttributeChanges): number {
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
  return size === undefined ? 0 : (size - stats.size) * stats.nlink
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
): number {
  return context.jail.find(target.key, (spot) => {
    const partial = context.partials.idle(spot, target.owner)
    const at = partial === undefined ? spot.at : inside(spot.directory.fd, partial.name)
    return withOpen(at, OPEN_NAME, (fd) => {
      const stats = fstatSync(fd)
      if (!stats.isSymbolicLink()) return changeOpened(fd, changes)
      if (target.follow) return LINK
      changeLink(at, stats, changes)
      return 0
    })
  })
}
