import type { Auditor } from '../audit/auditor.ts'
import type { Principal } from '../identity.ts'
import type { Clock } from '../ports.ts'
import type { Quota } from '../transfer/quota.ts'
import type { Access } from './access.ts'
import type { MountTable, Place } from './mounts.ts'
import type { OpenUploads } from './open-uploads.ts'
import type { StorageDriver } from './storage.ts'

/** What the parts of one VfsSession share. */
export type VfsContext = Readonly<{
  principal: Principal
  mounts: MountTable
  access: Access
  quota: Quota
  uploads: OpenUploads
  audit: Auditor
  clock: Clock
  /** Opens a mount's driver at its first use. */
  driver: (place: Place) => Promise<StorageDriver>
}>
