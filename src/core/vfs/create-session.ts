import type { Auditor } from '../audit/auditor.ts'
import type { Mount, Principal } from '../identity.ts'
import type { Clock, StateStore } from '../ports.ts'
import { createQuota } from '../transfer/quota.ts'
import { createAccess } from './access.ts'
import { createBrowse } from './browse.ts'
import { createChanges } from './changes.ts'
import { createMountTable, type Place } from './mounts.ts'
import { createOpenUploads } from './open-uploads.ts'
import { resolveVirtual } from './path.ts'
import type { VfsSession } from './session.ts'
import type { StorageDriver, StorageProvider, Usage } from './storage.ts'
import { createTransfers } from './transfers.ts'

export type VfsSessionOptions = Readonly<{
  principal: Principal
  storage: StorageProvider
  audit: Auditor
  clock: Clock
  state: Pick<StateStore, 'quotaUsage' | 'initQuotaUsage' | 'chargeQuota'>
}>

/** Opens each location once, at its first use; a failed opening is tried again at the next. */
function createDrivers(storage: StorageProvider): (location: string) => Promise<StorageDriver> {
  const opened = new Map<string, Promise<StorageDriver>>()
  return (location) => {
    const known = opened.get(location)
    if (known !== undefined) return known
    const opening = storage.open(location).catch((error: unknown) => {
      opened.delete(location)
      throw error
    })
    opened.set(location, opening)
    return opening
  }
}

async function countUsage(
  mounts: readonly Mount[],
  open: (location: string) => Promise<StorageDriver>,
): Promise<Usage> {
  const total = { bytes: 0, files: 0 }
  for (const location of new Set(mounts.map((mount) => mount.location))) {
    const usage = await (await open(location)).usage()
    total.bytes += usage.bytes
    total.files += usage.files
  }
  return total
}

/** Builds one login's view of the files. It holds no resource of its own: handles are closed by who opens them. */
export function createVfsSession(options: VfsSessionOptions): VfsSession {
  const { principal, storage, audit, clock, state } = options
  const open = createDrivers(storage)
  const mounts = createMountTable(principal.mounts)
  const access = createAccess(mounts, audit)
  const quota = createQuota({
    user: principal.user,
    limits: principal.limits,
    state,
    count: () => countUsage(principal.mounts, open),
  })
  const driver = (place: Place) => open(place.mount.location)
  const uploads = createOpenUploads()
  const context = { principal, mounts, access, quota, uploads, audit, clock, driver }
  return {
    principal,
    resolve: resolveVirtual,
    permissions: access.permissions,
    ...createBrowse(context),
    ...createTransfers(context),
    ...createChanges(context),
  }
}
