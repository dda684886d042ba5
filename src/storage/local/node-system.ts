import {
  type Dir,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs'
import type { Clock } from '../../core/ports.ts'
import { toEntry } from './entry.ts'
import { inside } from './proc.ts'
import { type Chunk, createScan, isNamesOwn, type ScanSource } from './scan.ts'
import type { LocalSystem } from './system.ts'

/** Names that the system is asked for in one go. */
const CHUNK = 1024
/** Entries described before the clock is asked. */
const GROUP = 64

const QUIETLY = { throwIfNoEntry: false } as const

function readChunk(dir: Dir): Chunk {
  const names: string[] = []
  while (names.length < CHUNK) {
    const next = dir.readSync()
    if (next === null) return { names, last: true }
    names.push(next.name)
  }
  return { names, last: false }
}

/** Undefined for what is to be left out. */
function describe(directory: number, name: string): Stats | undefined {
  try {
    return lstatSync(inside(directory, name), QUIETLY)
  } catch (error) {
    if (isNamesOwn(directory, error)) return undefined
    throw error
  }
}

function openSource(directory: number): ScanSource {
  const dir = opendirSync(inside(directory, '.'), { bufferSize: CHUNK })
  return {
    read: () => readChunk(dir),
    describe: (names, from, into) => {
      const until = Math.min(names.length, from + GROUP)
      for (let index = from; index < until; index += 1) {
        const name = names[index] ?? ''
        const stats = describe(directory, name)
        if (stats !== undefined) into.push(toEntry(stats, name))
      }
      return until - from
    },
    // Nobody can tell.
    waited: true,
    close: () => dir.closeSync(),
  }
}

/** What Node offers: the directory is named by its path in /proc, which costs a third of each call. */
export function createNodeSystem(clock: Pick<Clock, 'monotonic'>): LocalSystem {
  return {
    lstat: (directory, name) => {
      const stats = lstatSync(inside(directory, name), QUIETLY)
      return stats === undefined ? undefined : toEntry(stats, name)
    },
    fstat: (fd, name) => toEntry(fstatSync(fd), name),
    open: (directory, name, flags, mode) => openSync(inside(directory, name), flags, mode),
    write: (fd, bytes, position) => writeSync(fd, bytes, 0, bytes.byteLength, position),
    unlink: (directory, name) => unlinkSync(inside(directory, name)),
    rename: (from, name, to, newName) => renameSync(inside(from, name), inside(to, newName)),
    renameNew: () => false,
    scan: (directory, reserved) => createScan({ directory, source: openSource(directory), reserved, clock }),
  }
}
