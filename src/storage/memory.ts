import type { Clock } from '../core/ports.ts'
import type { StorageDriver, StorageProvider } from '../core/vfs/storage.ts'
import { createActiveUploads } from './active-uploads.ts'
import * as changes from './memory/changes.ts'
import * as look from './memory/look.ts'
import { type MemoryContext, visible } from './memory/partials.ts'
import { createTree, describe } from './memory/tree.ts'
import { openUpload } from './memory/upload.ts'

export type MemoryStorageOptions = Readonly<{
  clock: Pick<Clock, 'now'>
  /** Idle partials older than this are removed when their directory is listed. */
  partialRetentionMs: number
}>

const BATCH = 256

/** A whole driver in memory, for tests: the same answers as the local one, nothing to clean up. */
export function createMemoryDriver({ clock, partialRetentionMs }: MemoryStorageOptions): StorageDriver {
  const now = () => clock.now()
  const context: MemoryContext = {
    tree: createTree(now),
    active: createActiveUploads(),
    now,
    partialRetentionMs,
  }
  return {
    stat: async (key, owner, follow) => {
      const { spot, node } = visible(context, key, { owner, follow })
      return describe(node, spot.name)
    },
    list: async function* (key, owner, swept) {
      const { entries, freed } = look.listDirectory(context, key, owner)
      if (freed.files > 0) swept?.(freed)
      for (let at = 0; at < entries.length; at += BATCH) yield entries.slice(at, at + BATCH)
    },
    openRead: async (key, owner) => look.openRead(context, key, owner),
    openWrite: (key, options) => openUpload(context, key, options),
    mkdir: async (key) => changes.makeDirectory(context, key),
    remove: async (key, owner) => changes.removeFile(context, key, owner),
    rmdir: async (key, owner, swept) => {
      const freed = changes.removeDirectory(context, key, owner)
      if (freed.files > 0) swept?.(freed)
    },
    rename: async (from, to, options) => changes.rename(context, from, to, options),
    setAttributes: async (key, owner, wanted, follow) =>
      changes.setAttributes(context, { key, owner, follow }, wanted),
    hardLink: async (from, to) => changes.hardLink(context, from, to),
    symbolicLink: async (target, key) => changes.symbolicLink(context, target, key),
    readLink: async (key) => look.readLink(context, key),
    filesystemStats: async (key) => look.filesystemStats(context, key),
    usage: async () => look.usageBelow(context.tree.root),
    close: async () => {},
  }
}

/** One driver per location, made at its first use. */
export function createMemoryStorage(options: MemoryStorageOptions): StorageProvider {
  const drivers = new Map<string, StorageDriver>()
  return {
    open: async (location) => {
      const driver = drivers.get(location) ?? createMemoryDriver(options)
      drivers.set(location, driver)
      return driver
    },
  }
}
