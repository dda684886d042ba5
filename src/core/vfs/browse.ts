import { errorCodeOf } from '../errors.ts'
import { andThen, type MaybePromise, orElse } from '../maybe-promise.ts'
import { minus, NOTHING } from '../transfer/quota.ts'
import type { VfsContext } from './context.ts'
import { join, nameOf, type VirtualPath } from './path.ts'
import type { Space } from './session.ts'
import type { Entry, Usage } from './storage.ts'

const READ_ONLY_DIRECTORY = 0o555

const FNV_BASIS = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** FNV-1a: clients take entries with the same number for one. */
function numberOf(path: VirtualPath): number {
  let hash = FNV_BASIS
  for (let at = 0; at < path.length; at += 1) hash = Math.imul(hash ^ path.charCodeAt(at), FNV_PRIME)
  return hash >>> 0
}

/** A directory that exists because mounts hang below it, and nowhere else. */
function bareDirectory(path: VirtualPath, nowMs: number): Entry {
  const times = { mtimeMs: nowMs, atimeMs: nowMs }
  const ids = { uid: 0, gid: 0, device: 0, inode: numberOf(path) }
  return {
    name: nameOf(path),
    kind: 'directory',
    size: 0,
    mode: READ_ONLY_DIRECTORY,
    links: 1,
    ...times,
    ...ids,
  }
}

export function describe(context: VfsContext, path: VirtualPath, follow: boolean): MaybePromise<Entry> {
  const { principal, mounts, access, openedAt } = context
  access.demand(path, 'list')
  const named = (entry: Entry): Entry => ({ ...entry, name: nameOf(path) })
  const own = context.uploads.at(path)
  if (own !== undefined) return own.stat().then(named)
  const place = mounts.locate(path)
  if (place === undefined) return bareDirectory(path, openedAt)
  const look = () =>
    andThen(context.driver(place), (driver) => andThen(driver.stat(place.key, principal.user, follow), named))
  return orElse(look, (error) => {
    // The way to a mount need not exist in the storage of the mount around it.
    if (errorCodeOf(error) !== 'path.not-found' || !mounts.isFixed(path) || place.mount.at === path)
      throw error
    return bareDirectory(path, openedAt)
  })
}

/** Mount points stand in for whatever the storage has under their names. */
async function mountEntries(
  context: VfsContext,
  path: VirtualPath,
  names: ReadonlySet<string>,
): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const name of names) {
    const child = join(path, name)
    const granted = context.access.permissions(child).has('list')
    const entry = granted
      ? await orElse<Entry | undefined>(
          () => describe(context, child, true),
          () => undefined,
        )
      : undefined
    entries.push(entry ?? { ...bareDirectory(child, context.openedAt) })
  }
  return entries
}

async function* stored(context: VfsContext, path: VirtualPath): AsyncIterable<readonly Entry[]> {
  const { principal, mounts, quota } = context
  const place = mounts.locate(path)
  if (place === undefined) return
  const driver = await context.driver(place)
  let swept: Usage = NOTHING
  await quota.prepare()
  try {
    yield* driver.list(place.key, principal.user, (freed) => {
      swept = { bytes: swept.bytes + freed.bytes, files: swept.files + freed.files }
    })
  } finally {
    await quota.settle(minus(NOTHING, swept))
  }
}

export async function* list(context: VfsContext, path: VirtualPath): AsyncIterable<readonly Entry[]> {
  context.access.demand(path, 'list')
  const names = context.mounts.namesIn(path)
  if (names.size === 0) return yield* stored(context, path)
  yield await mountEntries(context, path, names)
  try {
    for await (const batch of stored(context, path)) yield batch.filter(({ name }) => !names.has(name))
  } catch (error) {
    if (errorCodeOf(error) !== 'path.not-found') throw error
  }
}

export async function readLink(context: VfsContext, path: VirtualPath): Promise<string> {
  const place = context.access.place(path, 'list')
  const driver = await context.driver(place)
  return context.mounts.targetOut(place, await driver.readLink(place.key))
}

/** To a user with a quota the file system is as large as the quota. */
export async function space(context: VfsContext, path: VirtualPath): Promise<Space> {
  const place = context.access.place(path, 'list')
  const driver = await context.driver(place)
  const stats = await driver.filesystemStats(place.key)
  const { all, left } = await context.quota.room()
  const { blockSize } = stats
  const blocks = Math.floor(left.bytes / blockSize)
  return {
    blockSize,
    totalBlocks: Math.min(stats.totalBlocks, Math.ceil(all.bytes / blockSize)),
    freeBlocks: Math.min(stats.freeBlocks, blocks),
    availableBlocks: Math.min(stats.availableBlocks, blocks),
    totalFiles: Math.min(stats.totalFiles, all.files),
    freeFiles: Math.min(stats.freeFiles, left.files),
    availableBytes: Math.min(stats.availableBlocks * blockSize, left.bytes),
  }
}
