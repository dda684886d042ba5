import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../src/core/ports.ts'
import type { StorageDriver } from '../../src/core/vfs/storage.ts'
import { loadNative } from '../../src/native/load.ts'
import { createLocalStorage, type LocalStorage, type LocalStorageOptions } from '../../src/storage/local.ts'

/** Real time: the local driver measures the disk with it. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: () => Promise.reject(new Error('nothing here sleeps')),
  timer: () => {
    throw new Error('nothing here sets timers')
  },
}

export type LocalUnderTest = Readonly<{
  storage: LocalStorage
  driver: StorageDriver
  /** The mount's folder; `outside` lies beside it. */
  root: string
  outside: string
  close: () => Promise<void>
}>

export const LOCAL_DEFAULTS: LocalStorageOptions = {
  clock: realClock,
  umask: 0o022,
  symlinks: 'follow',
  partialRetentionMs: 3_600_000,
  inPlaceWrites: false,
  syncOnCommit: false,
  createRoots: true,
  native: loadNative(),
}

/** A local driver on a new temporary folder, which `close` removes. */
export async function createLocalUnderTest(
  options: Partial<LocalStorageOptions> = {},
): Promise<LocalUnderTest> {
  const base = mkdtempSync(join(tmpdir(), 'sallyport-storage-'))
  const storage = createLocalStorage({ ...LOCAL_DEFAULTS, ...options })
  const root = join(base, 'root')
  const driver = await storage.open(root)
  const close = async () => {
    await storage.close()
    rmSync(base, { recursive: true, force: true })
  }
  return { storage, driver, root, outside: join(base, 'outside'), close }
}
