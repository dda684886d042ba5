import type { Auditor } from '../audit/auditor.ts'
import type { Principal } from '../identity.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import type { Clock } from '../ports.ts'
import type { Pace } from '../transfer/pace.ts'
import type { Quota } from '../transfer/quota.ts'
import type { Access } from './access.ts'
import type { MountTable, Place } from './mounts.ts'
import type { OpenUploads } from './open-uploads.ts'
import type { StorageDriver } from './storage.ts'

export type Paces = Readonly<{ down: Pace | undefined; up: Pace | undefined }>

/** What the parts of one VfsSession share. */
export type VfsContext = Readonly<{
  principal: Principal
  mounts: MountTable
  access: Access
  quota: Quota
  uploads: OpenUploads
  paces: Paces
  audit: Auditor
  clock: Clock
  /** Milliseconds since the epoch. */
  openedAt: number
  /** Opens a mount's driver at its first use. */
  driver: (place: Place) => MaybePromise<StorageDriver>
}>
