import type { Auditor } from '../audit/auditor.ts'
import { FileServerError } from '../errors.ts'
import type { Action, Permissions } from '../identity.ts'
import type { MountTable, Place } from './mounts.ts'
import type { VirtualPath } from './path.ts'

/** Above all mounts there is nothing but the way to them. */
const ABOVE_MOUNTS: Permissions = new Set<Action>(['list'])

export type Access = {
  permissions(path: VirtualPath): Permissions
  /** Throws access.denied, and writes the audit event, unless the path's mount grants the action. */
  demand(path: VirtualPath, action: Action): void
  /** As `demand`; gives the place, and refuses paths above all mounts. */
  place(path: VirtualPath, action: Action): Place
  /** As `place`, for what moves or removes the name itself: refuses mount points and the way to them. */
  movable(path: VirtualPath, action: Action): Place
}

/** Asks the permissions of the mount that a path leads to. Links never leave their mount, so neither do permissions. */
export function createAccess(mounts: MountTable, audit: Auditor): Access {
  const deny = (path: VirtualPath, action: Action): never => {
    audit.record({ type: 'file.denied', action, path })
    throw new FileServerError('access.denied', `${action} is not granted`)
  }
  const permissions = (path: VirtualPath) => mounts.locate(path)?.mount.permissions ?? ABOVE_MOUNTS
  const place = (path: VirtualPath, action: Action): Place => {
    const found = mounts.locate(path)
    return found?.mount.permissions.has(action) ? found : deny(path, action)
  }
  return {
    permissions,
    place,
    demand: (path, action) => {
      if (!permissions(path).has(action)) deny(path, action)
    },
    movable: (path, action) => (mounts.isFixed(path) ? deny(path, action) : place(path, action)),
  }
}
