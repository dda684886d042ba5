import { closeSync, opendirSync, openSync } from 'node:fs'
import type { Clock } from '../../core/ports.ts'
import type { Usage } from '../../core/vfs/storage.ts'
import { plus, usageOf } from './entry.ts'
import { errnoOf } from './errno.ts'
import { inside, lstatMaybe, OPEN_DIRECTORY } from './proc.ts'

const SLICE_MS = 1
const CHECK_EVERY = 64

/** Adds up all files below an open directory, partials included, without following a link or holding the event loop. */
export async function usageBelow(fd: number, clock: Pick<Clock, 'monotonic'>): Promise<Usage> {
  let total: Usage = { bytes: 0, files: 0 }
  let sliceStart = clock.monotonic()
  let seen = 0

  const breathe = async () => {
    seen += 1
    if (seen % CHECK_EVERY !== 0 || clock.monotonic() - sliceStart < SLICE_MS) return
    await new Promise<void>((resolve) => setImmediate(resolve))
    sliceStart = clock.monotonic()
  }
  const below = async (at: string): Promise<void> => {
    try {
      const child = openSync(at, OPEN_DIRECTORY)
      try {
        await visit(child)
      } finally {
        closeSync(child)
      }
    } catch (error) {
      // It was removed, or became something else, since it was listed.
      if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error
    }
  }
  const visit = async (directory: number): Promise<void> => {
    const dir = opendirSync(inside(directory, '.'), { bufferSize: 1024 })
    try {
      for (let next = dir.readSync(); next !== null; next = dir.readSync()) {
        const at = inside(directory, next.name)
        const stats = lstatMaybe(at)
        if (stats?.isDirectory()) await below(at)
        else total = plus(total, usageOf(stats))
        await breathe()
      }
    } finally {
      dir.closeSync()
    }
  }
  await visit(fd)
  return total
}
