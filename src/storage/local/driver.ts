import { constants, fstatSync, readlinkSync, statfsSync } from 'node:fs'
import { FileServerError } from '../../core/errors.ts'
import type { UserId } from '../../core/identity.ts'
import type { Entry, FilesystemStats, ReadHandle, StorageDriver, StorageKey } from '../../core/vfs/storage.ts'
import { setAttributes } from './attributes.ts'
import * as changes from './changes.ts'
import type { LocalContext } from './context.ts'
import type { Directory } from './directories.ts'
import { errnoOf, guarded, guardedNow, translate } from './errno.ts'
import { ITSELF, LINK } from './jail.ts'
import { listDirectory } from './listing.ts'
import * as moves from './moves.ts'
import { openWrite } from './open-write.ts'
import { OPEN_NAME, self, withOpen } from './proc.ts'
import { createReadHandle, openFile } from './read-handle.ts'
import { removeDirectory } from './remove-directory.ts'
import { usageBelow } from './usage.ts'

function stat(context: LocalContext, key: StorageKey, owner: UserId, follow: boolean): Entry {
  const { jail, partials, system } = context
  return jail.find(key, (spot) => {
    const { directory, name } = spot
    const partial = partials.idle(spot, owner)
    if (partial !== undefined) return { ...partial, name }
    const entry = system.lstat(directory.fd, name)
    if (entry === undefined) throw new FileServerError('path.not-found')
    if (follow && entry.kind === 'symlink') return LINK
    return name === ITSELF ? { ...entry, name: '/' } : entry
  })
}

function openRead(context: LocalContext, key: StorageKey, owner: UserId): ReadHandle {
  const { jail, partials } = context
  return jail.find(key, (spot) => {
    if (partials.idle(spot, owner) !== undefined) {
      throw new FileServerError('path.unfinished')
    }
    const file = openFile(context.system, spot, constants.O_RDONLY)
    return file === LINK ? LINK : createReadHandle(file, context)
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

/** Of the file system that a name lies on, whatever it names. */
function filesystemStats({ jail }: LocalContext, key: StorageKey): FilesystemStats {
  const stats = jail.find(key, ({ at }) =>
    withOpen(at, OPEN_NAME, (fd) => (fstatSync(fd).isSymbolicLink() ? LINK : statfsSync(self(fd)))),
  )
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
  const { directories, location, system } = context
  const held = async <T>(key: StorageKey, work: (directory: Directory) => T | Promise<T>): Promise<T> => {
    const directory = holdDirectory(context, key)
    try {
      return await work(directory)
    } finally {
      directories.release(directory)
    }
  }
  return {
    stat: (key, owner, follow) => guardedNow(() => stat(context, key, owner, follow)),
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
    openRead: (key, owner) => guardedNow(() => openRead(context, key, owner)),
    openWrite: (key, options) => guardedNow(() => openWrite(context, key, options)),
    mkdir: (key) => guarded(() => changes.makeDirectory(context, key)),
    remove: (key, owner) => guardedNow(() => changes.removeFile(context, key, owner)),
    rmdir: (key, owner, swept) => guarded(() => removeDirectory(context, { key, owner, swept })),
    rename: (from, to, options) => guarded(() => moves.rename(context, from, to, options)),
    setAttributes: (key, owner, wanted, follow) =>
      guarded(() => setAttributes(context, { key, owner, follow }, wanted)),
    hardLink: (from, to) => guarded(() => moves.hardLink(context, from, to)),
    symbolicLink: (target, key) => guarded(() => changes.symbolicLink(context, target, key)),
    readLink: (key) => guarded(() => readLink(context, key)),
    filesystemStats: (key) => guarded(() => filesystemStats(context, key)),
    usage: () => guarded(() => held('/' as StorageKey, ({ fd }) => usageBelow(fd, system))),
    close: async () => directories.forget(location, ''),
  }
}
