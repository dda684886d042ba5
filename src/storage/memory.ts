import { FileServerError } from '../core/errors.ts'
import type { UserId } from '../core/identity.ts'
import type { Clock } from '../core/ports.ts'
import type { OpenedFile, StorageDriver, StorageKey, StorageProvider, Usage } from '../core/vfs/storage.ts'
import { createActiveUploads } from './active-uploads.ts'
import {
  change,
  createTree,
  type DirectoryNode,
  describe,
  type FileNode,
  type Node,
  partialKey,
  required,
  requireFree,
  resize,
  type Spot,
} from './memory/tree.ts'
import { openUpload, readNode } from './memory/upload.ts'
import { NO_USAGE } from './staged-upload.ts'

export type MemoryStorageOptions = Readonly<{
  clock: Pick<Clock, 'now'>
  /** Idle partials older than this are removed when their directory is listed. */
  partialRetentionMs: number
}>

const BATCH = 256
const STATS_BLOCK = 4096
const STATS_BLOCKS = 1 << 20

function usageOf(node: Node | undefined): Usage {
  return node?.kind === 'file' ? { bytes: node.size, files: 1 } : NO_USAGE
}

function add(a: Usage, b: Usage): Usage {
  return { bytes: a.bytes + b.bytes, files: a.files + b.files }
}

function usageBelow(directory: DirectoryNode): Usage {
  let total = [...directory.partials.values()].reduce((sum, file) => add(sum, usageOf(file)), NO_USAGE)
  for (const child of directory.children.values()) {
    total = add(total, child.kind === 'directory' ? usageBelow(child) : usageOf(child))
  }
  return total
}

function openRead(file: FileNode, name: string): OpenedFile {
  let open = true
  return {
    size: file.size,
    stat: async () => describe(file, name),
    read: (into, position) => {
      if (!open) throw new FileServerError('handle.invalid')
      return readNode(file, into, position)
    },
    close: async () => {
      open = false
    },
  }
}

/** A whole driver in memory, for tests: the same answers as the local one, nothing to clean up. */
export function createMemoryDriver({ clock, partialRetentionMs }: MemoryStorageOptions): StorageDriver {
  const tree = createTree(clock.now)
  const active = createActiveUploads()
  const context = { tree, active, now: clock.now }

  const isIdle = (directory: DirectoryNode, key: string) => !active.has(`${directory.inode}/${key}`)
  const idlePartial = ({ directory, name }: Spot, owner: UserId): FileNode | undefined => {
    const key = partialKey(owner, name)
    return isIdle(directory, key) ? directory.partials.get(key) : undefined
  }
  const dropPartial = (spot: Spot, owner: UserId): Usage | undefined => {
    const partial = idlePartial(spot, owner)
    if (partial === undefined) return undefined
    spot.directory.partials.delete(partialKey(owner, spot.name))
    return usageOf(partial)
  }
  /** What the owner sees under a name. */
  const visible = (key: StorageKey, owner: UserId, follow: boolean): { spot: Spot; node: Node } => {
    const spot = tree.find(key, follow)
    return { spot, node: idlePartial(spot, owner) ?? required(spot) }
  }
  const place = ({ directory, name }: Spot, node: Node) => {
    directory.children.set(name, node)
    directory.mtimeMs = clock.now()
  }
  const sweep = (directory: DirectoryNode, owner: UserId): Usage => {
    let freed = NO_USAGE
    for (const [key, file] of directory.partials) {
      if (!isIdle(directory, key) || file.mtimeMs > clock.now() - partialRetentionMs) continue
      directory.partials.delete(key)
      if (key.startsWith(partialKey(owner, ''))) freed = add(freed, usageOf(file))
    }
    return freed
  }
  const visibleIn = (directory: DirectoryNode, owner: UserId): Map<string, Node> => {
    const nodes = new Map(directory.children)
    for (const [key, file] of directory.partials) {
      const prefix = partialKey(owner, '')
      if (key.startsWith(prefix) && isIdle(directory, key)) nodes.set(key.slice(prefix.length), file)
    }
    return nodes
  }

  const requireReplaceable = (from: Node, to: Node | undefined, replace: boolean) => {
    if (to === undefined) return
    if (!replace) throw new FileServerError('path.exists')
    if (to.kind === 'directory' && from.kind !== 'directory') throw new FileServerError('path.is-directory')
    if (to.kind !== 'directory' && from.kind === 'directory') throw new FileServerError('path.not-directory')
    if (to.kind === 'directory' && to.children.size + to.partials.size > 0)
      throw new FileServerError('path.not-empty')
  }
  const requireOutside = (node: Node, directory: DirectoryNode) => {
    for (let at: DirectoryNode | undefined = directory; at !== undefined; at = at.parent) {
      if (at === node) throw new FileServerError('path.invalid', 'a directory into itself')
    }
  }

  return {
    stat: async (key, owner, follow) => {
      const { spot, node } = visible(key, owner, follow)
      return describe(node, spot.name)
    },
    list: async function* (key, owner, swept) {
      const node = required(tree.find(key, true))
      if (node.kind !== 'directory') throw new FileServerError('path.not-directory')
      const freed = sweep(node, owner)
      if (freed.files > 0) swept?.(freed)
      const entries = [...visibleIn(node, owner)].map(([name, child]) => describe(child, name))
      for (let at = 0; at < entries.length; at += BATCH) yield entries.slice(at, at + BATCH)
    },
    openRead: async (key, owner) => {
      const spot = tree.find(key, true)
      if (idlePartial(spot, owner) !== undefined) throw new FileServerError('storage.busy')
      const node = required(spot)
      if (node.kind === 'directory') throw new FileServerError('path.is-directory')
      if (node.kind !== 'file') throw new FileServerError('storage.unsupported')
      return openRead(node, spot.name)
    },
    openWrite: (key, options) => openUpload(context, key, options),
    mkdir: async (key) => {
      const spot = tree.find(key, false)
      requireFree(spot)
      place(spot, tree.makeDirectory(spot.directory))
    },
    remove: async (key, owner) => {
      const spot = tree.find(key, false)
      const partial = dropPartial(spot, owner)
      if (partial !== undefined) return partial
      const node = required(spot)
      if (node.kind === 'directory') throw new FileServerError('path.is-directory')
      spot.directory.children.delete(spot.name)
      node.links -= 1
      return usageOf(node)
    },
    rmdir: async (key, owner) => {
      const spot = tree.find(key, false)
      const node = required(spot)
      if (node.kind !== 'directory') throw new FileServerError('path.not-directory')
      if (node === tree.root) throw new FileServerError('access.denied')
      const busy = [...node.partials.keys()].some((partial) => !isIdle(node, partial))
      if (node.children.size > 0 || busy) throw new FileServerError('path.not-empty')
      spot.directory.children.delete(spot.name)
      const own = [...node.partials].filter(([partial]) => partial.startsWith(partialKey(owner, '')))
      return own.reduce((sum, [, file]) => add(sum, usageOf(file)), NO_USAGE)
    },
    rename: async (from, to, { owner, replace }) => {
      const source = tree.find(from, false)
      const target = tree.find(to, false)
      if (idlePartial(source, owner) !== undefined) throw new FileServerError('storage.busy')
      const node = required(source)
      if (node === tree.root || target.node === tree.root) throw new FileServerError('access.denied')
      requireOutside(node, target.directory)
      if (node === target.node) return NO_USAGE
      requireReplaceable(node, target.node, replace)
      source.directory.children.delete(source.name)
      if (node.kind === 'directory') node.parent = target.directory
      if (target.node !== undefined) target.node.links -= 1
      place(target, node)
      return add(usageOf(target.node), dropPartial(target, owner) ?? NO_USAGE)
    },
    setAttributes: async (key, owner, changes, follow) => {
      const { node } = visible(key, owner, follow)
      if (changes.size !== undefined) {
        if (node.kind === 'directory') throw new FileServerError('path.is-directory')
        if (node.kind !== 'file') throw new FileServerError('storage.unsupported')
        resize(node, changes.size)
        node.mtimeMs = clock.now()
      }
      if (node.kind === 'symlink' && changes.mode !== undefined)
        throw new FileServerError('storage.unsupported')
      change(node, changes)
    },
    hardLink: async (from, to) => {
      const node = required(tree.find(from, false))
      const target = tree.find(to, false)
      if (node.kind !== 'file') throw new FileServerError('storage.unsupported')
      requireFree(target)
      node.links += 1
      place(target, node)
    },
    symbolicLink: async (target, key) => {
      const spot = tree.find(key, false)
      requireFree(spot)
      place(spot, tree.makeLink(target))
    },
    readLink: async (key) => {
      const node = required(tree.find(key, false))
      if (node.kind !== 'symlink') throw new FileServerError('path.invalid', 'not a symbolic link')
      return node.target
    },
    filesystemStats: async (key) => {
      required(tree.find(key, true))
      const blocks = { totalBlocks: STATS_BLOCKS, freeBlocks: STATS_BLOCKS, availableBlocks: STATS_BLOCKS }
      return { blockSize: STATS_BLOCK, ...blocks, totalFiles: STATS_BLOCKS, freeFiles: STATS_BLOCKS }
    },
    usage: async () => usageBelow(tree.root),
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
