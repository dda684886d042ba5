import { FileServerError } from '../../core/errors.ts'
import type { AttributeChanges, Entry, StorageKey } from '../../core/vfs/storage.ts'
import { isReserved } from '../reserved.ts'

type Common = { inode: number; mode: number; mtimeMs: number; atimeMs: number; links: number }
export type FileNode = Common & { kind: 'file'; data: Uint8Array; size: number }
export type LinkNode = Common & { kind: 'symlink'; target: string }
export type DirectoryNode = Common & {
  kind: 'directory'
  parent: DirectoryNode | undefined
  children: Map<string, Node>
  /** Partial uploads by `partialKey`. */
  partials: Map<string, FileNode>
}
export type Node = FileNode | LinkNode | DirectoryNode

/** A name in a directory, whether or not something has it. */
export type Spot = { directory: DirectoryNode; name: string; node: Node | undefined }

const MAX_LINKS = 40
const FILE_MODE = 0o644
const DIRECTORY_MODE = 0o755
const LINK_MODE = 0o777
const MODE_BITS = 0o777

export function partialKey(owner: string, name: string): string {
  return `${owner}\0${name}`
}

export function describe(node: Node, name: string): Entry {
  const size = node.kind === 'file' ? node.size : node.kind === 'symlink' ? node.target.length : 0
  const { kind, mtimeMs, atimeMs, mode, links, inode } = node
  return { name, kind, size, mtimeMs, atimeMs, mode, uid: 0, gid: 0, links, device: 1, inode }
}

function allocate(bytes: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes)
  } catch (cause) {
    throw new FileServerError('storage.full', 'no memory for it', { cause })
  }
}

/** Grows by doubling; bytes beyond the old size read as zero. Throws storage.full for a size that no memory has. */
export function resize(file: FileNode, size: number): void {
  if (size > file.data.byteLength) {
    const grown = allocate(Math.max(size, file.data.byteLength * 2))
    grown.set(file.data.subarray(0, file.size))
    file.data = grown
  }
  if (size < file.size) file.data.fill(0, size, file.size)
  file.size = size
}

export function change(node: Node, { mode, mtimeMs, atimeMs }: AttributeChanges): void {
  if (mode !== undefined) node.mode = mode & MODE_BITS
  if (mtimeMs !== undefined) node.mtimeMs = mtimeMs
  if (atimeMs !== undefined) node.atimeMs = atimeMs
}

export type Tree = ReturnType<typeof createTree>

export function createTree(now: () => number) {
  let inodes = 0
  const common = (mode: number): Common => {
    inodes += 1
    const ms = now()
    return { inode: inodes, mode, mtimeMs: ms, atimeMs: ms, links: 1 }
  }
  const makeDirectory = (parent: DirectoryNode | undefined): DirectoryNode => ({
    ...common(DIRECTORY_MODE),
    kind: 'directory',
    parent,
    children: new Map(),
    partials: new Map(),
  })
  const root = makeDirectory(undefined)

  /** Follows links on the way, and at the end if asked to; absolute targets begin at the root. */
  const find = (key: StorageKey, follow: boolean): Spot => {
    const pending = key.split('/').reverse()
    let at: Spot = { directory: root, name: '/', node: root }
    for (let part = pending.pop(), links = 0; part !== undefined; part = pending.pop()) {
      if (part === '' || part === '.') continue
      if (at.node === undefined || isReserved(part)) throw new FileServerError('path.not-found')
      if (at.node.kind !== 'directory') throw new FileServerError('path.not-directory')
      const directory: DirectoryNode = part === '..' ? (at.node.parent ?? at.node) : at.node
      const node: Node | undefined = part === '..' ? directory : directory.children.get(part)
      const isLast = pending.every((rest) => rest === '' || rest === '.')
      if (node?.kind !== 'symlink' || (isLast && !follow)) {
        at = { directory, name: part, node }
        continue
      }
      links += 1
      if (links > MAX_LINKS) throw new FileServerError('path.not-found', 'too many links')
      pending.push(...node.target.split('/').reverse())
      const start = node.target.startsWith('/') ? root : directory
      at = { directory: start, name: '/', node: start }
    }
    return at
  }

  return {
    root,
    find,
    makeDirectory,
    makeFile: (): FileNode => ({ ...common(FILE_MODE), kind: 'file', data: new Uint8Array(), size: 0 }),
    makeLink: (target: string): LinkNode => ({ ...common(LINK_MODE), kind: 'symlink', target }),
  }
}

export function required(spot: Spot): Node {
  if (spot.node === undefined) throw new FileServerError('path.not-found')
  return spot.node
}

export function requireFree(spot: Spot): void {
  if (spot.node !== undefined) throw new FileServerError('path.exists')
}
