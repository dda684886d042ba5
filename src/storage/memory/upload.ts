import { FileServerError } from '../../core/errors.ts'
import type { StagedFile, StorageKey, Usage, WriteOptions } from '../../core/vfs/storage.ts'
import { createStagedUpload, NO_USAGE, type Staging } from '../staged-upload.ts'
import { activeKey, type MemoryContext } from './partials.ts'
import { change, describe, type FileNode, partialKey, resize, type Spot } from './tree.ts'

/** Fills `into` from `position`; 0 at the end. */
export function readNode(file: FileNode, into: Uint8Array, position: number): number {
  const bytes = file.data.subarray(
    Math.min(position, file.size),
    Math.min(position + into.byteLength, file.size),
  )
  into.set(bytes)
  return bytes.byteLength
}

type StagingOptions = Readonly<{
  spot: Spot
  file: FileNode
  key: string
  exclusive: boolean
  now: () => number
}>

function createStaging({ spot, file, key, exclusive, now }: StagingOptions): Staging {
  const { directory, name } = spot
  let pending: Parameters<typeof change>[1] = {}
  const put = (chunk: Uint8Array, position: number): void => {
    resize(file, Math.max(file.size, position + chunk.byteLength))
    file.data.set(chunk, position)
    file.mtimeMs = now()
  }
  const isOurs = () => directory.partials.get(key) === file
  const publish = () => {
    const old = directory.children.get(name)
    if (!isOurs()) throw new FileServerError('transfer.aborted')
    if (old?.kind === 'directory') throw new FileServerError('path.is-directory')
    if (exclusive && old !== undefined) throw new FileServerError('path.exists')
    if (old !== undefined) {
      file.mode = old.mode
      old.links -= 1
    }
    change(file, pending)
    directory.partials.delete(key)
    directory.children.set(name, file)
    const freed: Usage = old?.kind === 'file' ? { bytes: old.size, files: 1 } : NO_USAGE
    return { entry: describe(file, name), freed }
  }
  return {
    get size() {
      return file.size
    },
    write: put,
    writev: (chunks, position) => {
      let at = position
      for (const chunk of chunks) {
        put(chunk, at)
        at += chunk.byteLength
      }
    },
    read: (into, position) => readNode(file, into, position),
    stat: async () => {
      const { mode } = directory.children.get(name) ?? file
      return { ...describe(file, name), mode, ...pending, size: file.size }
    },
    setAttributes: async ({ size, ...rest }) => {
      if (size !== undefined) resize(file, size)
      pending = { ...pending, ...rest }
    },
    sync: async () => {},
    drained: () => {},
    publish,
    keep: async () => (isOurs() ? { bytes: file.size, files: 1 } : NO_USAGE),
    drop: async () => {
      if (isOurs()) directory.partials.delete(key)
      return NO_USAGE
    },
    close: () => {},
  }
}

/** What the upload starts from: the partial, a copy of the file, or nothing. */
function startFile(
  { tree }: MemoryContext,
  spot: Spot,
  partial: FileNode | undefined,
  { start, upTo }: WriteOptions,
): FileNode {
  if (partial !== undefined && start === 'current') return partial
  const file = tree.makeFile()
  if (start === 'current' && spot.node?.kind === 'file') {
    resize(file, Math.min(spot.node.size, upTo ?? spot.node.size))
    file.data.set(spot.node.data.subarray(0, file.size))
  }
  return file
}

function requireOpenable(
  { node }: Spot,
  partial: FileNode | undefined,
  { create, exclusive }: WriteOptions,
): void {
  if (node?.kind === 'directory') throw new FileServerError('path.is-directory')
  if (exclusive && node !== undefined) throw new FileServerError('path.exists')
  if (!create && node === undefined && partial === undefined) throw new FileServerError('path.not-found')
}

export async function openUpload(
  context: MemoryContext,
  path: StorageKey,
  options: WriteOptions,
): Promise<StagedFile> {
  const { tree, active, now } = context
  const { owner, exclusive } = options
  const first = tree.find(path, true)
  const key = partialKey(owner, first.name)
  const runningKey = activeKey(first.directory, key)
  // A newcomer that cannot be opened anyway must not end the upload that runs.
  requireOpenable(first, first.directory.partials.get(key), options)
  await active.takeOver(runningKey)
  const spot = tree.find(path, true)
  const partial = spot.directory.partials.get(key)
  requireOpenable(spot, partial, options)
  const inherited = partial === undefined ? NO_USAGE : { bytes: partial.size, files: 1 }
  const file = startFile(context, spot, partial, options)
  spot.directory.partials.set(key, file)
  const upload = createStagedUpload({
    staging: createStaging({ spot, file, key, exclusive, now }),
    inherited,
    continues: file === partial,
    onEnd: () => active.remove(runningKey),
  })
  active.add(runningKey, upload)
  return upload
}
