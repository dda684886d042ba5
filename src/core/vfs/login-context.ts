import type { Auditor } from '../audit/auditor.ts'
import type { Mount, Principal } from '../identity.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import type { Clock, StateStore } from '../ports.ts'
import { createPace } from '../transfer/pace.ts'
import { createQuota, type Quota } from '../transfer/quota.ts'
import { type Access, MountAccess } from './access.ts'
import type { Paces, VfsContext } from './context.ts'
import { createMountTable, type MountTable, type Place } from './mounts.ts'
import { createOpenUploads } from './open-uploads.ts'
import type { StorageDriver, StorageProvider, Usage } from './storage.ts'

export type VfsSessionOptions = Readonly<{
  principal: Principal
  storage: StorageProvider
  audit: Auditor
  clock: Clock
  state: Pick<StateStore, 'quotaUsage' | 'initQuotaUsage' | 'chargeQuota' | 'settleQuota'>
}>

/** Opens each location once, at its first use; a failed opening is tried again at the next. */
class Drivers {
  readonly #storage: StorageProvider
  readonly #opened = new Map<string, MaybePromise<StorageDriver>>()

  constructor(storage: StorageProvider) {
    this.#storage = storage
  }

  /** No promise once it is open. */
  open(location: string): MaybePromise<StorageDriver> {
    const known = this.#opened.get(location)
    if (known !== undefined) return known
    const opening = this.#open(location)
    this.#opened.set(location, opening)
    return opening
  }

  async #open(location: string): Promise<StorageDriver> {
    try {
      const driver = await this.#storage.open(location)
      this.#opened.set(location, driver)
      return driver
    } catch (error) {
      this.#opened.delete(location)
      throw error
    }
  }
}

/** Each once. */
function foldersOf(mounts: readonly Mount[]): readonly string[] {
  return [...new Set(mounts.map(({ location }) => location))].sort()
}

async function countUsage(
  folders: readonly string[],
  open: (location: string) => MaybePromise<StorageDriver>,
): Promise<Usage> {
  const total = { bytes: 0, files: 0 }
  for (const location of folders) {
    const usage = await (await open(location)).usage()
    total.bytes += usage.bytes
    total.files += usage.files
  }
  return total
}

/** What the operations of one login share; the drivers are found at the first that needs them. */
export class LoginContext implements VfsContext {
  readonly principal: Principal
  readonly mounts: MountTable
  readonly access: Access
  readonly quota: Quota
  readonly uploads = createOpenUploads()
  readonly audit: Auditor
  readonly clock: Clock
  readonly paces: Paces
  readonly openedAt: number
  readonly #storage: StorageProvider
  #drivers: Drivers | undefined

  constructor({ principal, storage, audit, clock, state }: VfsSessionOptions) {
    this.principal = principal
    this.mounts = createMountTable(principal.mounts)
    this.access = new MountAccess(this.mounts, audit)
    this.audit = audit
    this.clock = clock
    this.openedAt = clock.now()
    const { down = 0, up = 0 } = principal.limits.bytesPerSecond ?? {}
    this.paces = { down: createPace(down), up: createPace(up) }
    this.#storage = storage
    const folders = foldersOf(principal.mounts)
    this.quota = createQuota({
      account: { user: principal.user, folders: folders.join('\n') },
      limits: principal.limits,
      state,
      count: () => countUsage(folders, (location) => this.#open(location)),
    })
  }

  driver(place: Place): MaybePromise<StorageDriver> {
    return this.#open(place.mount.location)
  }

  #open(location: string): MaybePromise<StorageDriver> {
    this.#drivers ??= new Drivers(this.#storage)
    return this.#drivers.open(location)
  }
}
