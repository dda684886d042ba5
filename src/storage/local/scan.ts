import { type Dir, lstat, lstatSync, opendirSync, type Stats } from 'node:fs'
import type { Clock } from '../../core/ports.ts'
import type { Entry, MaybePromise } from '../../core/vfs/storage.ts'
import { isReserved } from '../reserved.ts'
import { toEntry } from './entry.ts'
import { inside } from './proc.ts'
import type { DirectoryScan } from './system.ts'

/** Names that the system is asked for in one go. */
const CHUNK = 1024
/** How long a scan may hold the event loop before others get their turn. */
export const SLICE_MS = 1
/** The clock is asked once for so many entries. */
const GROUP = 64
/** A group that took longer met a slow disk: the next ones go through the thread pool, twice as many each time. */
const SLOW_GROUP_MS = 5
const FIRST_POOL_GROUPS = 16

const QUIETLY = { throwIfNoEntry: false } as const

function lstatLater(path: string): Promise<Stats | undefined> {
  return new Promise((resolve) => lstat(path, (error, stats) => resolve(error ? undefined : stats)))
}

type Chunk = Readonly<{ names: string[]; last: boolean }>

function readChunk(dir: Dir, reserved: (name: string) => void): Chunk {
  const names: string[] = []
  while (names.length < CHUNK) {
    const next = dir.readSync()
    if (next === null) return { names, last: true }
    if (isReserved(next.name)) reserved(next.name)
    else names.push(next.name)
  }
  return { names, last: false }
}

function describeNow(directory: number, names: readonly string[], into: Entry[]): void {
  for (const name of names) {
    const stats = lstatSync(inside(directory, name), QUIETLY)
    if (stats !== undefined) into.push(toEntry(stats, name))
  }
}

async function describeLater(directory: number, names: readonly string[]): Promise<Entry[]> {
  const found = await Promise.all(names.map((name) => lstatLater(inside(directory, name))))
  return found.flatMap((stats, index) => {
    const name = names[index]
    return stats === undefined || name === undefined ? [] : [toEntry(stats, name)]
  })
}

/** Scans with Node's own calls: at once in short slices, or through the thread pool when the disk is slow. */
export function scanDirectory(
  directory: number,
  reserved: (name: string) => void,
  clock: Pick<Clock, 'monotonic'>,
): DirectoryScan {
  const dir = opendirSync(inside(directory, '.'), { bufferSize: CHUNK })
  let chunk: Chunk = { names: [], last: false }
  let at = 0
  let poolGroups = 0
  let nextPoolGroups = FIRST_POOL_GROUPS

  /** Empty at the end. */
  const nextGroup = (): string[] => {
    if (at >= chunk.names.length && !chunk.last) {
      chunk = readChunk(dir, reserved)
      at = 0
    }
    const group = chunk.names.slice(at, at + GROUP)
    at += group.length
    return group
  }
  /** At least one entry, unless the directory ends or a group was slow. */
  const slice = (): Entry[] => {
    const entries: Entry[] = []
    const sliceStart = clock.monotonic()
    let now = sliceStart
    while (poolGroups === 0 && (now - sliceStart < SLICE_MS || entries.length === 0)) {
      const group = nextGroup()
      if (group.length === 0) break
      const groupStart = now
      describeNow(directory, group, entries)
      now = clock.monotonic()
      if (now - groupStart <= SLOW_GROUP_MS) continue
      poolGroups = nextPoolGroups
      nextPoolGroups *= 2
    }
    return entries
  }
  const later = async (): Promise<Entry[]> => {
    while (poolGroups > 0) {
      poolGroups -= 1
      const group = nextGroup()
      if (group.length === 0) return []
      const entries = await describeLater(directory, group)
      if (entries.length > 0) return entries
    }
    return next()
  }
  const next = (): MaybePromise<Entry[]> => {
    if (poolGroups > 0) return later()
    const entries = slice()
    return entries.length === 0 && poolGroups > 0 ? later() : entries
  }
  return {
    next,
    get ended() {
      return chunk.last && at >= chunk.names.length
    },
    close: () => dir.closeSync(),
  }
}
