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
export class MountAccess implements Access {
  readonly #mounts: MountTable
  readonly #audit: Auditor

  constructor(mounts: MountTable, audit: Auditor) {
    this.#mounts = mounts
    this.#audit = audit
  }

  permissions(path: VirtualPath): Permissions {
    return this.#mounts.locate(path)?.mount.permissions ?? ABOVE_MOUNTS
  }

  demand(path: VirtualPath, action: Action): void {
    if (!this.permissions(path).has(action)) this.#deny(path, action)
  }

  place(path: VirtualPath, action: Action): Place {
    const found = this.#mounts.locate(path)
    return found?.mount.permissions.has(action) ? found : this.#deny(path, action)
  }

  movable(path: VirtualPath, action: Action): Place {
    return this.#mounts.isFixed(path) ? this.#deny(path, action) : this.place(path, action)
  }

  #deny(path: VirtualPath, action: Action): never {
    this.#audit.record({ type: 'file.denied', action, path })
    throw new FileServerError('access.denied', `${action} is not granted`)
  }
}
