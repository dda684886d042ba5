import type { UserId } from '../../core/identity.ts'
import type { StorageKey, Usage } from '../../core/vfs/storage.ts'
import type { ActiveUploads } from '../active-uploads.ts'
import { NO_USAGE } from '../staged-upload.ts'
import {
  type DirectoryNode,
  type FileNode,
  type Node,
  partialKey,
  required,
  type Spot,
  type Tree,
} from './tree.ts'

export type MemoryContext = Readonly<{
  tree: Tree
  active: ActiveUploads
  now: () => number
  partialRetentionMs: number
}>

export function usageOf(node: Node | undefined): Usage {
  return node?.kind === 'file' ? { bytes: node.size, files: 1 } : NO_USAGE
}

export function plus(a: Usage, b: Usage): Usage {
  return { bytes: a.bytes + b.bytes, files: a.files + b.files }
}

export function activeKey(directory: DirectoryNode, key: string): string {
  return `${directory.inode}/${key}`
}

export function isIdle({ active }: MemoryContext, directory: DirectoryNode, key: string): boolean {
  return !active.has(activeKey(directory, key))
}

/** The owner's idle partial for the spot. */
export function idlePartial(context: MemoryContext, spot: Spot, owner: UserId): FileNode | undefined {
  const key = partialKey(owner, spot.name)
  return isIdle(context, spot.directory, key) ? spot.directory.partials.get(key) : undefined
}

/** Removes the owner's idle partial for the spot; undefined when there is none. */
export function dropPartial(context: MemoryContext, spot: Spot, owner: UserId): Usage | undefined {
  const partial = idlePartial(context, spot, owner)
  if (partial === undefined) return undefined
  spot.directory.partials.delete(partialKey(owner, spot.name))
  return usageOf(partial)
}

/** Removes all partials that are too old; gives what the owner's freed. */
export function sweep(context: MemoryContext, directory: DirectoryNode, owner: UserId): Usage {
  let freed = NO_USAGE
  for (const [key, file] of directory.partials) {
    if (!isIdle(context, directory, key) || file.mtimeMs > context.now() - context.partialRetentionMs)
      continue
    directory.partials.delete(key)
    if (key.startsWith(partialKey(owner, ''))) freed = plus(freed, usageOf(file))
  }
  return freed
}

/** What the owner sees under a key. */
export function visible(
  context: MemoryContext,
  key: StorageKey,
  { owner, follow }: { owner: UserId; follow: boolean },
): { spot: Spot; node: Node } {
  const spot = context.tree.find(key, follow)
  return { spot, node: idlePartial(context, spot, owner) ?? required(spot) }
}

/** What the owner sees in a directory. */
export function visibleIn(
  context: MemoryContext,
  directory: DirectoryNode,
  owner: UserId,
): Map<string, Node> {
  const nodes = new Map(directory.children)
  const prefix = partialKey(owner, '')
  for (const [key, file] of directory.partials) {
    if (key.startsWith(prefix) && isIdle(context, directory, key)) nodes.set(key.slice(prefix.length), file)
  }
  return nodes
}
