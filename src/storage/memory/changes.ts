import { FileServerError } from '../../core/errors.ts'
import type { UserId } from '../../core/identity.ts'
import type { AttributeChanges, StorageKey, Usage } from '../../core/vfs/storage.ts'
import { NO_USAGE } from '../staged-upload.ts'
import { dropPartial, idlePartial, isIdle, type MemoryContext, plus, usageOf, visible } from './partials.ts'
import {
  change,
  type DirectoryNode,
  type Node,
  partialKey,
  required,
  requireFree,
  resize,
  type Spot,
} from './tree.ts'

function place(context: MemoryContext, { directory, name }: Spot, node: Node): void {
  directory.children.set(name, node)
  directory.mtimeMs = context.now()
}

export function makeDirectory(context: MemoryContext, key: StorageKey): void {
  const spot = context.tree.find(key, false)
  requireFree(spot)
  place(context, spot, context.tree.makeDirectory(spot.directory))
}

export function removeFile(context: MemoryContext, key: StorageKey, owner: UserId): Usage {
  const spot = context.tree.find(key, false)
  const dropped = dropPartial(context, spot, owner)
  if (dropped !== undefined) return dropped
  const node = required(spot)
  if (node.kind === 'directory') throw new FileServerError('path.is-directory')
  spot.directory.children.delete(spot.name)
  node.links -= 1
  return usageOf(node)
}

export function removeDirectory(context: MemoryContext, key: StorageKey, owner: UserId): Usage {
  const spot = context.tree.find(key, false)
  const node = required(spot)
  if (node.kind !== 'directory') throw new FileServerError('path.not-directory')
  if (node === context.tree.root) throw new FileServerError('access.denied')
  const busy = [...node.partials.keys()].some((partial) => !isIdle(context, node, partial))
  if (node.children.size > 0 || busy) throw new FileServerError('path.not-empty')
  spot.directory.children.delete(spot.name)
  const own = [...node.partials].filter(([partial]) => partial.startsWith(partialKey(owner, '')))
  return own.reduce((sum, [, file]) => plus(sum, usageOf(file)), NO_USAGE)
}

function requireReplaceable(from: Node, to: Node | undefined, replace: boolean): void {
  if (to === undefined) return
  if (!replace) throw new FileServerError('path.exists')
  if (to.kind === 'directory' && from.kind !== 'directory') throw new FileServerError('path.is-directory')
  if (to.kind !== 'directory' && from.kind === 'directory') throw new FileServerError('path.not-directory')
  if (to.kind === 'directory' && to.children.size + to.partials.size > 0) {
    throw new FileServerError('path.not-empty')
  }
}

function requireOutside(node: Node, directory: DirectoryNode): void {
  for (let at: DirectoryNode | undefined = directory; at !== undefined; at = at.parent) {
    if (at === node) throw new FileServerError('path.invalid', 'a directory into itself')
  }
}

export type RenameOptions = Readonly<{ owner: UserId; replace: boolean }>

export function rename(
  context: MemoryContext,
  from: StorageKey,
  to: StorageKey,
  { owner, replace }: RenameOptions,
): Usage {
  const { tree } = context
  const source = tree.find(from, false)
  const target = tree.find(to, false)
  if (idlePartial(context, source, owner) !== undefined) throw new FileServerError('path.unfinished')
  const node = required(source)
  if (node === tree.root || target.node === tree.root) throw new FileServerError('access.denied')
  requireOutside(node, target.directory)
  if (node === target.node) {
    const itself = source.directory === target.directory && source.name === target.name
    if (!replace && !itself) throw new FileServerError('path.exists')
    return NO_USAGE
  }
  requireReplaceable(node, target.node, replace)
  source.directory.children.delete(source.name)
  if (node.kind === 'directory') node.parent = target.directory
  if (target.node !== undefined) target.node.links -= 1
  place(context, target, node)
  return plus(usageOf(target.node), dropPartial(context, target, owner) ?? NO_USAGE)
}

export type AttributeTarget = Readonly<{ key: StorageKey; owner: UserId; follow: boolean }>

export function setAttributes(
  context: MemoryContext,
  target: AttributeTarget,
  changes: AttributeChanges,
): number {
  const { node, spot } = visible(context, target.key, target)
  if (changes.mtimeMs !== undefined && idlePartial(context, spot, target.owner) !== undefined)
    throw new FileServerError('path.unfinished')
  let grown = 0
  if (changes.size !== undefined) {
    if (node.kind === 'directory') throw new FileServerError('path.is-directory')
    if (node.kind !== 'file') throw new FileServerError('storage.unsupported')
    grown = (changes.size - node.size) * node.links
    resize(node, changes.size)
    node.mtimeMs = context.now()
  }
  if (node.kind === 'symlink' && changes.mode !== undefined) throw new FileServerError('storage.unsupported')
  change(node, changes)
  return grown
}

export function hardLink(context: MemoryContext, from: StorageKey, to: StorageKey): number {
  const node = required(context.tree.find(from, false))
  const target = context.tree.find(to, false)
  if (node.kind !== 'file') throw new FileServerError('storage.unsupported')
  requireFree(target)
  node.links += 1
  place(context, target, node)
  return node.size
}

export function symbolicLink(context: MemoryContext, target: string, key: StorageKey): void {
  const spot = context.tree.find(key, false)
  requireFree(spot)
  place(context, spot, context.tree.makeLink(target))
}
