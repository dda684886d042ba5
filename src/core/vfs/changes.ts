import { errorCodeOf, FileServerError } from '../errors.ts'
import type { Action, UserId } from '../identity.ts'
import { andThen, type MaybePromise } from '../maybe-promise.ts'
import { minus, NOTHING } from '../transfer/quota.ts'
import type { VfsContext } from './context.ts'
import type { Place } from './mounts.ts'
import type { VirtualPath } from './path.ts'
import type { AttributeChanges, StorageDriver, Usage } from './storage.ts'

// The operations that change the tree; each writes a file.changed event when it is done.

type PathPair = readonly [from: VirtualPath, to: VirtualPath]

function requireSameMount(from: Place, to: Place): void {
  if (from.mount !== to.mount) throw new FileServerError('storage.unsupported', 'not across mounts')
}

function changed({ audit }: VfsContext, action: Action, path: VirtualPath, to?: VirtualPath): void {
  audit.record({ type: 'file.changed', action, path, ...(to === undefined ? {} : { to }) })
}

async function exists(driver: StorageDriver, place: Place, owner: UserId): Promise<boolean> {
  try {
    await driver.stat(place.key, owner, false)
    return true
  } catch (error) {
    if (errorCodeOf(error) === 'path.not-found') return false
    throw error
  }
}

export async function mkdir(context: VfsContext, path: VirtualPath): Promise<void> {
  const place = context.access.place(path, 'mkdir')
  if (context.mounts.isFixed(path)) throw new FileServerError('path.exists')
  const driver = await context.driver(place)
  await driver.mkdir(place.key)
  changed(context, 'mkdir', path)
}

export function remove(context: VfsContext, path: VirtualPath): MaybePromise<void> {
  const { access, quota, principal } = context
  const place = access.movable(path, 'delete')
  const take = () => andThen(context.driver(place), (driver) => driver.remove(place.key, principal.user))
  if (quota.limited) return removeCharged(context, take).then(() => changed(context, 'delete', path))
  return andThen(take(), () => changed(context, 'delete', path))
}

async function removeCharged({ quota }: VfsContext, take: () => MaybePromise<Usage>): Promise<void> {
  await quota.prepare()
  await quota.settle(minus(NOTHING, await take()))
}

export async function rmdir(context: VfsContext, path: VirtualPath): Promise<void> {
  const { access, quota, principal } = context
  const place = access.movable(path, 'rmdir')
  const driver = await context.driver(place)
  await quota.prepare()
  let swept: Usage = NOTHING
  try {
    await driver.rmdir(place.key, principal.user, (freed) => {
      swept = freed
    })
  } finally {
    await quota.settle(minus(NOTHING, swept))
  }
  changed(context, 'rmdir', path)
}

export async function rename(context: VfsContext, [from, to]: PathPair, replace: boolean): Promise<void> {
  const { access, quota, principal } = context
  const source = access.movable(from, 'rename')
  const target = access.movable(to, 'rename')
  requireSameMount(source, target)
  const driver = await context.driver(source)
  const owner = principal.user
  const mayReplace = source.mount.permissions.has('overwrite')
  if (replace && !mayReplace && (await exists(driver, target, owner))) access.demand(to, 'overwrite')
  await quota.prepare()
  const freed = await driver.rename(source.key, target.key, { owner, replace: replace && mayReplace })
  await quota.settle(minus(NOTHING, freed))
  changed(context, 'rename', from, to)
}

type AttributeRequest = Readonly<{ path: VirtualPath; changes: AttributeChanges; follow: boolean }>

/**
 * Every name of a hard-linked file counts, so all of them grow. Growth is reserved by the size that was seen; what is
 * settled is what the driver did, for others may resize the same file meanwhile.
 */
async function resize(context: VfsContext, { path, follow }: AttributeRequest, size: number): Promise<void> {
  const { access, principal, quota } = context
  const place = access.place(path, 'overwrite')
  const driver = await context.driver(place)
  await quota.prepare()
  const before = await driver.stat(place.key, principal.user, follow)
  const reserved = Math.max(0, (size - before.size) * before.links)
  await quota.charge({ bytes: reserved, files: 0 })
  let grown = 0
  try {
    grown = await driver.setAttributes(place.key, principal.user, { size }, follow)
  } finally {
    await quota.settle({ bytes: grown - reserved, files: 0 })
  }
}

export async function setAttributes(context: VfsContext, request: AttributeRequest): Promise<void> {
  const { path, follow } = request
  const own = context.uploads.at(path)
  if (own !== undefined) return own.setAttributes(request.changes)
  const { size, ...others } = request.changes
  if (size !== undefined) await resize(context, request, size)
  if (size === undefined || Object.keys(others).length > 0) {
    const place = context.access.place(path, 'attributes')
    const driver = await context.driver(place)
    await driver.setAttributes(place.key, context.principal.user, others, follow)
  }
  changed(context, size === undefined ? 'attributes' : 'overwrite', path)
}

export async function hardLink(context: VfsContext, [from, to]: PathPair): Promise<void> {
  const { access, quota, principal } = context
  const source = access.place(from, 'link')
  const target = access.movable(to, 'link')
  requireSameMount(source, target)
  const driver = await context.driver(source)
  await quota.prepare()
  const { size } = await driver.stat(source.key, principal.user, false)
  const reserved = { bytes: size, files: 1 }
  await quota.charge(reserved)
  let linked: Usage = NOTHING
  try {
    linked = { bytes: await driver.hardLink(source.key, target.key), files: 1 }
  } finally {
    await quota.settle(minus(linked, reserved))
  }
  changed(context, 'link', from, to)
}

export async function symbolicLink(context: VfsContext, target: string, path: VirtualPath): Promise<void> {
  const place = context.access.movable(path, 'link')
  const driver = await context.driver(place)
  await driver.symbolicLink(context.mounts.targetIn(place, target), place.key)
  changed(context, 'link', path)
}
