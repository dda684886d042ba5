import { FileServerError } from '../../core/errors.ts'
import type { UserId } from '../../core/identity.ts'
import type { Entry, FilesystemStats, ReadHandle, StorageKey, Usage } from '../../core/vfs/storage.ts'
import { NO_USAGE } from '../staged-upload.ts'
import { idlePartial, type MemoryContext, plus, sweep, usageOf, visibleIn } from './partials.ts'
import { type DirectoryNode, describe, type FileNode, required } from './tree.ts'
import { readNode } from './upload.ts'

const STATS_BLOCK = 4096
const STATS_BLOCKS = 1 << 20

function openFile(file: FileNode, name: string): ReadHandle {
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

export function openRead(context: MemoryContext, key: StorageKey, owner: UserId): ReadHandle {
  const spot = context.tree.find(key, true)
  if (idlePartial(context, spot, owner) !== undefined) throw new FileServerError('path.unfinished')
  const node = required(spot)
  if (node.kind === 'directory') throw new FileServerError('path.is-directory')
  if (node.kind !== 'file') throw new FileServerError('storage.unsupported')
  return openFile(node, spot.name)
}

export function listDirectory(
  context: MemoryContext,
  key: StorageKey,
  owner: UserId,
): { entries: Entry[]; freed: Usage } {
  const node = required(context.tree.find(key, true))
  if (node.kind !== 'directory') throw new FileServerError('path.not-directory')
  const freed = sweep(context, node, owner)
  return {
    freed,
    entries: [...visibleIn(context, node, owner)].map(([name, child]) => describe(child, name)),
  }
}

export function readLink({ tree }: MemoryContext, key: StorageKey): string {
  const node = required(tree.find(key, false))
  if (node.kind !== 'symlink') throw new FileServerError('path.invalid', 'not a symbolic link')
  return node.target
}

export function filesystemStats({ tree }: MemoryContext, key: StorageKey): FilesystemStats {
  required(tree.find(key, true))
  const blocks = { totalBlocks: STATS_BLOCKS, freeBlocks: STATS_BLOCKS, availableBlocks: STATS_BLOCKS }
  return { blockSize: STATS_BLOCK, ...blocks, totalFiles: STATS_BLOCKS, freeFiles: STATS_BLOCKS }
}

export function usageBelow(directory: DirectoryNode): Usage {
  let total = [...directory.partials.values()].reduce((sum, file) => plus(sum, usageOf(file)), NO_USAGE)
  for (const child of directory.children.values()) {
    total = plus(total, child.kind === 'directory' ? usageBelow(child) : usageOf(child))
  }
  return total
}
