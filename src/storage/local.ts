import type { Clock } from '../core/ports.ts'
import type { StorageDriver, StorageProvider } from '../core/vfs/storage.ts'
import type { Native } from '../native/native.ts'
import { createActiveUploads } from './active-uploads.ts'
import type { LocalContext, LocalSettings } from './local/context.ts'
import { CopyTurns } from './local/copy-turns.ts'
import { descriptorLimit } from './local/descriptor-limit.ts'
import { createDirectories } from './local/directories.ts'
import { createLocalDriver } from './local/driver.ts'
import { guarded } from './local/errno.ts'
import { InPlaceFiles } from './local/in-place.ts'
import { createJail } from './local/jail.ts'
import { createNativeSystem } from './local/native-system.ts'
import { createNodeSystem } from './local/node-system.ts'
import { createPartials } from './local/partials.ts'
import { requireProc } from './local/proc.ts'
import { Roots, type RootsOptions } from './local/roots.ts'

export type LocalStorageOptions = LocalSettings &
  RootsOptions &
  Readonly<{
    clock: Clock
    /** Undefined: Node's own file functions do all of it. */
    native: Native | undefined
  }>

export type LocalStorage = StorageProvider & {
  /** Closes the cached directory handles; open files are their sessions'. */
  close(): Promise<void>
}

/** Open handles of directories that are kept for reuse, over all mounts. */
const MAX_DIRECTORIES = 1024
/** Of all descriptors they have a small part: who walks many directories must not take others' connections from them. */
const DIRECTORIES_SHARE = 1 / 8
/** More than a walk needs. */
const MIN_DIRECTORIES = 16
/** How long a change of the tree by others may go unnoticed. */
const DIRECTORY_TTL_MS = 1000

/**
 * Folders of the local disk, one driver per location. Throws storage.unsupported at once where /proc is missing: the
 * jail is built on it.
 */
export function createLocalStorage(options: LocalStorageOptions): LocalStorage {
  requireProc()
  const { clock, symlinks, native } = options
  const share = Math.floor(descriptorLimit() * DIRECTORIES_SHARE)
  const max = Math.min(MAX_DIRECTORIES, Math.max(MIN_DIRECTORIES, share))
  const directories = createDirectories({ max, ttlMs: DIRECTORY_TTL_MS, clock })
  const active = createActiveUploads()
  const copies = new CopyTurns()
  const inPlace = new InPlaceFiles()
  const system = native === undefined ? createNodeSystem(clock) : createNativeSystem(native, clock)
  const partials = createPartials(active, system, inPlace)
  const drivers = new Map<string, StorageDriver>()
  const untold = new Set<number>()
  const roots = new Roots(options)

  const make = (location: string): StorageDriver => {
    roots.require(location)
    const jail = createJail({ location, symlinks, directories, roots })
    const shared = { clock, system, jail, directories, partials, active, copies, inPlace, native, untold }
    const context: LocalContext = { location, settings: options, ...shared }
    return createLocalDriver(context)
  }
  return {
    open: (location) =>
      guarded(() => {
        const driver = drivers.get(location) ?? make(location)
        drivers.set(location, driver)
        return driver
      }),
    close: async () => directories.close(),
  }
}
