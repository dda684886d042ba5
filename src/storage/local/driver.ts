import { constants, readlinkSync, statfsSync } from 'node:fs'
import { FileServerError } from '../../core/errors.ts'
import type { UserId } from '../../core/identity.ts'
import type { Entry, FilesystemStats, OpenedFile, StorageDriver, StorageKey } from '../../core/vfs/storage.ts'
import { setAttributes } from './attributes.ts'
import * as changes from './changes.ts'
import type { LocalContext } from './context.ts'
import type { Directory } from './directories.ts'
import { toEntry } from './entry.ts'
import { errnoOf, guarded, translate } from './errno.ts'
import { ITSELF, LINK } from './jail.ts'
import { listDirectory } from './listing.ts'
import * as moves from './moves.ts'
import { openWrite } from './open-write.ts'
import { inside, lstatMaybe } from './proc.ts'
import { createReadHandle, openFile } from './read-handle.ts'
import { usageBelow } from './usage.ts'

function shownName(name: string): string {
  return name === ITSELF ? '/' : name
}

function stat({ jail, partials }: LocalContext, key: StorageKey, owner: UserId, follow: boolean): Entry {
  return jail.find(key, (spot) => {
    const own = partials.idle(spot, owner)
    const stats = own?.stats ?? lstatMaybe(spot.at)
    if (stats === undefined) throw new FileServerError('path.not-found')
    return follow && stats.isSymbolicLink() ? LINK : toEntry(stats, shownName(spot.name))
  })
}

function openRead(context: LocalContext, key: StorageKey, owner: UserId): OpenedFile {
  const { jail, partials } = context
  return jail.find(key, (spot) => {
    if (partials.idle(spot, owner) !== undefined) {
      throw new FileServerError('storage.busy', 'an upload of this name is not finished')
    }
    const file = openFile(spot, constants.O_RDONLY)
    return file === LINK ? LINK : createReadHandle(file, spot.name, context)
  })
}

/** Held open for the caller. */
function holdDirectory({ jail, directories }: LocalContext, key: StorageKey): Directory {
  const directory = jail.directory(key)
  directories.retain(directory)
  return directory
}

function readLink({ jail }: LocalContext, key: StorageKey): string {
  return jail.find(key, ({ at }) => {
    try {
      return readlinkSync(at)
    } catch (error) {
      if (errnoOf(error) === 'EINVAL') throw new FileServerError('path.invalid', 'not a symbolic link')
      throw error
    }
  })
}

function filesystemStats(fd: number): FilesystemStats {
  const stats = statfsSync(inside(fd, ITSELF))
  return {
    blockSize: stats.bsize,
    totalBlocks: stats.blocks,
    freeBlocks: stats.bfree,
    availableBlocks: stats.bavail,
    totalFiles: stats.files,
    freeFiles: stats.ffree,
  }
}

/** One folder of the local disk as a StorageDriver; every method is the driver's edge for system errors. */
export function createLocalDriver(context: LocalContext): StorageDriver {
  const { clock, directories, location } = context
  const held = async <T>(key: StorageKey, work: (directory: Directory) => T | Promise<T>): Promise<T> => {
    const directory = holdDirectory(context, key)
    try {
      return await work(directory)
    } finally {
      directories.release(directory)
    }
  }
  return {
    stat: (key, owner, follow) => guarded(() => stat(context, key, owner, follow)),
    list: async function* (key, owner, swept) {
      try {
        const directory = holdDirectory(context, key)
        try {
          yield* listDirectory({ context, directory, owner, swept })
        } finally {
          directories.release(directory)
        }
      } catch (error) {
        throw translate(error)
      }
    },
    openRead: (key, owner) => guarded(() => openRead(context, key, owner)),
    openWrite: (key, options) => guarded(() => openWrite(context, key, options)),
    mkdir: (key) => guarded(() => changes.makeDirectory(context, key)),
    remove: (key, owner) => guarded(() => changes.removeFile(context, key, owner)),
    rmdir: (key, owner) => guarded(() => changes.removeDirectory(context, key, owner)),
    rename: (from, to, options) => guarded(() => moves.rename(context, from, to, options)),
    setAttributes: (key, owner, wanted, follow) =>
      guarded(() => setAttributes(context, { key, owner, follow }, wanted)),
    hardLink: (from, to) => guarded(() => moves.hardLink(context, from, to)),
    symbolicLink: (target, key) => guarded(() => changes.symbolicLink(context, target, key)),
    readLink: (key) => guarded(() => readLink(context, key)),
    filesystemStats: (key) => guarded(() => held(key, ({ fd }) => filesystemStats(fd))),
    usage: () => guarded(() => held('/' as StorageKey, ({ fd }) => usageBelow(fd, clock))),
    close: async () => directories.forget(location, ''),
  }
}
