import { mkdirSync, statSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { FileServerError } from '../core/errors.ts'
import type { Clock } from '../core/ports.ts'
import type { StorageDriver, StorageProvider } from '../core/vfs/storage.ts'
import type { Native } from '../native/native.ts'
import { createActiveUploads } from './active-uploads.ts'
import type { LocalContext, LocalSettings } from './local/context.ts'
import { CopyTurns } from './local/copy-turns.ts'
import { createDirectories } from './local/directories.ts'
import { createLocalDriver } from './local/driver.ts'
import { guarded } from './local/errno.ts'
import { InPlaceFiles } from './local/in-place.ts'
import { createJail } from './local/jail.ts'
import { createNativeSystem } from './local/native-system.ts'
import { createNodeSystem } from './local/node-system.ts'
import { createPartials } from './local/partials.ts'
import { requireProc } from './local/proc.ts'

export type LocalStorageOptions = LocalSettings &
  Readonly<{
    clock: Clock
    /** Makes a mount's folder when it is missing; false: storage.failed, so that an unmounted disk is noticed. */
    createRoots: boolean
    /** Undefined: Node's own file functions do all of it. */
    native: Native | undefined
  }>

export type LocalStorage = StorageProvider & {
  /** Closes the cached directory handles; open files are their sessions'. */
  close(): Promise<void>
}

/** Open handles of directories that are kept for reuse, over all mounts. */
const MAX_DIRECTORIES = 1024
/** How long a change of the tree by others may go unnoticed. */
const DIRECTORY_TTL_MS = 1000
const ROOT_MODE = 0o777

function requireRoot(location: string, { createRoots, umask }: LocalStorageOptions): void {
  if (!isAbsolute(location)) throw new FileServerError('storage.failed', 'a mount needs an absolute folder')
  const stats = statSync(location, { throwIfNoEntry: false })
  if (stats?.isDirectory()) return
  if (stats !== undefined)
    throw new FileServerError('storage.failed', `the folder of a mount is no folder: ${location}`)
  if (!createRoots)
    throw new FileServerError('storage.failed', `the folder of a mount is missing: ${location}`)
  mkdirSync(location, { recursive: true, mode: ROOT_MODE & ~umask })
}

/**
 * Folders of the local disk, one driver per location. Throws storage.unsupported at once where /proc is missing: the
 * jail is built on it.
 */
export function createLocalStorage(options: LocalStorageOptions): LocalStorage {
  requireProc()
  const { clock, symlinks, native } = options
  const directories = createDirectories({ max: MAX_DIRECTORIES, ttlMs: DIRECTORY_TTL_MS, clock })
  const active = createActiveUploads()
  const copies = new CopyTurns()
  const inPlace = new InPlaceFiles()
  const system = native === undefined ? createNodeSystem(clock) : createNativeSystem(native, clock)
  const partials = createPartials(active, system, inPlace)
  const drivers = new Map<string, StorageDriver>()
  const untold = new Set<number>()

  const make = (location: string): StorageDriver => {
    requireRoot(location, options)
    const makeRoot = () => requireRoot(location, options)
    const jail = createJail({ location, symlinks, directories, makeRoot })
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
