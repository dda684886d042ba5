import { lstat, lstatSync, type Stats } from 'node:fs'
import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { Clock } from '../../core/ports.ts'
import type { Entry } from '../../core/vfs/storage.ts'
import { isReserved } from '../reserved.ts'
import { toEntry } from './entry.ts'
import { errnoOf } from './errno.ts'
import { inside } from './proc.ts'
import type { DirectoryScan } from './system.ts'

/** How long a scan may hold the event loop before others get their turn; what is made of the entries takes as long again. */
export const SLICE_MS = 0.5
/** Entries that need longer than this on the average come from a slow disk. */
const SLOW_ENTRY_MS = 0.08
/** Entries that go through the thread pool side by side. */
const POOL_GROUP = 64
/** For so many groups the thread pool is used before another try without it, twice as many each time. */
const FIRST_POOL_GROUPS = 16

export type Chunk = Readonly<{ names: readonly string[]; last: boolean }>

/** How one scan asks the system. */
export type ScanSource = {
  /** The next names; none only when it is the last chunk. */
  read(): Chunk
  /** Describes names of the last chunk from index `from` on, about a slice at most; gives how many it has done. */
  describe(names: readonly string[], from: number, into: Entry[]): number
  /** False when the last `describe` surely did not wait for the disk, however long it took: others had the CPU. */
  readonly waited: boolean
  close(): void
}

/**
 * After an lstat that failed: true where the name is gone, or cannot be described by itself, such as the place of a file
 * system that has died; false where the directory can be asked for none of its names.
 */
export function isNamesOwn(directory: number, error: unknown): boolean {
  if (errnoOf(error) === 'ENOENT') return true
  try {
    lstatSync(inside(directory, '.'))
    return true
  } catch {
    return false
  }
}

function lstatLater(directory: number, name: string): Promise<Stats | undefined> {
  return new Promise((resolve, reject) =>
    lstat(inside(directory, name), (error, stats) => {
      if (error === null) resolve(stats)
      else if (isNamesOwn(directory, error)) resolve(undefined)
      else reject(error)
    }),
  )
}

async function describeLater(directory: number, names: readonly string[]): Promise<Entry[]> {
  const found = await Promise.all(names.map((name) => lstatLater(directory, name)))
  return found.flatMap((stats, index) => {
    const name = names[index]
    return stats === undefined || name === undefined ? [] : [toEntry(stats, name)]
  })
}

/** Decides by the time that entries take whether the next ones go through the thread pool. */
function createJudge() {
  let poolGroups = 0
  let nextPoolGroups = FIRST_POOL_GROUPS
  return {
    get pool() {
      return poolGroups > 0
    },
    pooled: () => {
      poolGroups -= 1
    },
    took: (ms: number, entries: number) => {
      if (ms <= entries * SLOW_ENTRY_MS) return
      poolGroups = nextPoolGroups
      nextPoolGroups *= 2
    },
  }
}

export type ScanOptions = Readonly<{
  /** For the way through the thread pool. */
  directory: number
  source: ScanSource
  reserved: (name: string) => void
  clock: Pick<Clock, 'monotonic'>
}>

/** Scans at once in short slices, or through the thread pool while the disk is slow. */
export function createScan({ directory, source, reserved, clock }: ScanOptions): DirectoryScan {
  const judge = createJudge()
  let chunk: Chunk = { names: [], last: false }
  let at = 0
  let filtered = false

  /** False at the end. */
  const more = (): boolean => {
    if (at < chunk.names.length) return true
    if (chunk.last) return false
    chunk = source.read()
    at = 0
    for (const name of chunk.names) {
      if (!isReserved(name)) continue
      filtered = true
      reserved(name)
    }
    return chunk.names.length > 0
  }
  const shown = (entries: Entry[]): Entry[] =>
    filtered ? entries.filter(({ name }) => !isReserved(name)) : entries

  /** Of one name at least, unless the directory ends or the disk is slow. */
  const slice = (): Entry[] => {
    let entries: Entry[] = []
    const sliceStart = clock.monotonic()
    let now = sliceStart
    let done = 0
    while (!judge.pool && (now - sliceStart < SLICE_MS || done === 0) && more()) {
      const start = now
      done = source.describe(chunk.names, at, entries)
      at += done
      entries = shown(entries)
      now = clock.monotonic()
      if (source.waited) judge.took(now - start, done)
    }
    return entries
  }
  const later = async (): Promise<Entry[]> => {
    while (judge.pool && more()) {
      judge.pooled()
      const group = chunk.names.slice(at, at + POOL_GROUP)
      at += group.length
      const entries = shown(await describeLater(directory, group))
      if (entries.length > 0) return entries
    }
    return next()
  }
  const next = (): MaybePromise<Entry[]> => {
    if (judge.pool && more()) return later()
    const entries = slice()
    return entries.length === 0 && judge.pool && more() ? later() : entries
  }
  return {
    next,
    get ended() {
      return chunk.last && at >= chunk.names.length
    },
    close: source.close,
  }
}
