import { errorCodeOf, FileServerError } from '../errors.ts'
import type { Action } from '../identity.ts'
import { minus, NOTHING } from '../transfer/quota.ts'
import type { VfsContext } from './context.ts'
import type { Place } from './mounts.ts'
import type { VirtualPath } from './path.ts'
import type { VfsSession } from './session.ts'
import type { AttributeChanges, Entry, StorageDriver } from './storage.ts'

type Changes = Pick<
  VfsSession,
  'mkdir' | 'remove' | 'rmdir' | 'rename' | 'setAttributes' | 'hardLink' | 'symbolicLink'
>

function requireSameMount(from: Place, to: Place): void {
  if (from.mount !== to.mount) throw new FileServerError('storage.unsupported', 'not across mounts')
}

/** The operations that change the tree; each writes a file.changed event when it is done. */
export function createChanges(context: VfsContext): Changes {
  const { principal, access, mounts, quota } = context
  const owner = principal.user

  const changed = (action: Action, path: VirtualPath, to?: VirtualPath) =>
    context.audit.record({ type: 'file.changed', action, path, ...(to === undefined ? {} : { to }) })

  const exists = async (driver: StorageDriver, place: Place): Promise<Entry | undefined> => {
    try {
      return await driver.stat(place.key, owner, false)
    } catch (error) {
      if (errorCodeOf(error) === 'path.not-found') return undefined
      throw error
    }
  }

  const remove = async (path: VirtualPath, action: 'delete' | 'rmdir') => {
    const place = access.movable(path, action)
    const driver = await context.driver(place)
    await quota.prepare()
    const freed = await (action === 'delete'
      ? driver.remove(place.key, owner)
      : driver.rmdir(place.key, owner))
    await quota.settle(minus(NOTHING, freed))
    changed(action, path)
  }

  const rename = async (from: VirtualPath, to: VirtualPath, replace: boolean) => {
    const source = access.movable(from, 'rename')
    const target = access.movable(to, 'rename')
    requireSameMount(source, target)
    const driver = await context.driver(source)
    const mayReplace = source.mount.permissions.has('overwrite')
    if (replace && !mayReplace && (await exists(driver, target)) !== undefined) access.place(to, 'overwrite')
    await quota.prepare()
    const options = { owner, replace: replace && mayReplace }
    const freed = await driver.rename(source.key, target.key, options)
    await quota.settle(minus(NOTHING, freed))
    changed('rename', from, to)
  }

  /** Charges growth before and refunds shrinking after; every name of a hard-linked file counts. */
  const resize = async (place: Place, size: number, follow: boolean) => {
    const driver = await context.driver(place)
    await quota.prepare()
    const before = await driver.stat(place.key, owner, follow)
    const bytes = (size - before.size) * before.links
    await quota.charge({ bytes, files: 0 })
    try {
      await driver.setAttributes(place.key, owner, { size }, follow)
    } catch (error) {
      await quota.settle({ bytes: -bytes, files: 0 })
      throw error
    }
  }

  const setAttributes = async (path: VirtualPath, changes: AttributeChanges, follow: boolean) => {
    const { size, ...rest } = changes
    const others = Object.keys(rest).length > 0
    if (size !== undefined) await resize(access.place(path, 'overwrite'), size, follow)
    if (size === undefined || others) {
      const place = access.place(path, 'attributes')
      const driver = await context.driver(place)
      await driver.setAttributes(place.key, owner, rest, follow)
    }
    changed(size === undefined ? 'attributes' : 'overwrite', path)
  }

  const hardLink = async (from: VirtualPath, to: VirtualPath) => {
    const source = access.place(from, 'link')
    const target = access.movable(to, 'link')
    requireSameMount(source, target)
    const driver = await context.driver(source)
    await quota.prepare()
    const added = { bytes: (await driver.stat(source.key, owner, false)).size, files: 1 }
    await quota.charge(added)
    try {
      await driver.hardLink(source.key, target.key)
    } catch (error) {
      await quota.settle(minus(NOTHING, added))
      throw error
    }
    changed('link', from, to)
  }

  return {
    mkdir: async (path) => {
      const place = access.place(path, 'mkdir')
      if (mounts.isFixed(path)) throw new FileServerError('path.exists')
      await (await context.driver(place)).mkdir(place.key)
      changed('mkdir', path)
    },
    remove: (path) => remove(path, 'delete'),
    rmdir: (path) => remove(path, 'rmdir'),
    rename: (from, to, { replace }) => rename(from, to, replace),
    setAttributes: (path, changes, options) => setAttributes(path, changes, options?.follow ?? true),
    hardLink,
    symbolicLink: async (target, path) => {
      const place = access.movable(path, 'link')
      const driver = await context.driver(place)
      await driver.symbolicLink(mounts.targetIn(place, target), place.key)
      changed('link', path)
    },
  }
}
