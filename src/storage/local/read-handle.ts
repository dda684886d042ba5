import { closeSync, fstatSync, openSync, read as readAsync, readSync, type Stats } from 'node:fs'
import { FileServerError } from '../../core/errors.ts'
import type { Clock } from '../../core/ports.ts'
import type { OpenedFile } from '../../core/vfs/storage.ts'
import { toEntry } from './entry.ts'
import { errnoOf, guarded, translate } from './errno.ts'
import { LINK, type Spot } from './jail.ts'
import { OPEN_SAFELY } from './proc.ts'

/** A read of cached pages takes some 30 us for this much; it is all that may stop the event loop at once. */
const SYNC_BYTES = 256 * 1024
/** A sync read that took longer met the disk, or the process lost the CPU; hence one alone proves nothing. */
const SLOW_MS = 2
/** Each slow read weighs so much, each quick one takes 1 off: two slow ones close together are enough. */
const SLOW_WEIGHT = 4
const SLOW_ENOUGH = 2 * SLOW_WEIGHT - 2
/** For how long reads then go through the thread pool before a sync read is tried again. */
const POOL_MS = 1000

/** Only regular files are opened for their content: never devices, FIFOs and sockets. */
export function requireFile(fd: number): Stats {
  const stats = fstatSync(fd)
  if (stats.isFile()) return stats
  if (stats.isDirectory()) throw new FileServerError('path.is-directory')
  throw new FileServerError('storage.unsupported', 'not a regular file')
}

export type OpenFile = Readonly<{ fd: number; size: number }>

/** Opens the file at a spot without following a link; the descriptor is the caller's. */
export function openFile(spot: Spot, flags: number): OpenFile | typeof LINK {
  let fd: number
  try {
    fd = openSync(spot.at, flags | OPEN_SAFELY)
  } catch (error) {
    if (errnoOf(error) === 'ELOOP') return LINK
    throw error
  }
  try {
    return { fd, size: requireFile(fd).size }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** Takes over the descriptor. Reads at once while the pages are cached, by measurement; through the thread pool while they are not. */
export function createReadHandle(
  { fd, size }: OpenFile,
  name: string,
  clock: Pick<Clock, 'monotonic'>,
): OpenedFile {
  let open = true
  let poolUntil = 0
  let slowness = 0
  let underWay = 0
  let whenIdle: (() => void) | undefined

  const readNow = (into: Uint8Array, position: number, now: number): number => {
    const bytes = readSync(fd, into, 0, Math.min(into.byteLength, SYNC_BYTES), position)
    const after = clock.monotonic()
    if (after - now <= SLOW_MS) slowness = Math.max(0, slowness - 1)
    else slowness += SLOW_WEIGHT
    if (slowness >= SLOW_ENOUGH) {
      poolUntil = after + POOL_MS
      slowness = 0
    }
    return bytes
  }
  const readLater = (into: Uint8Array, position: number): Promise<number> =>
    new Promise((resolve, reject) => {
      underWay += 1
      readAsync(fd, into, 0, into.byteLength, position, (error, bytes) => {
        underWay -= 1
        if (underWay === 0) whenIdle?.()
        if (error) reject(translate(error))
        else resolve(bytes)
      })
    })
  return {
    size,
    stat: () =>
      guarded(() => {
        if (!open) throw new FileServerError('handle.invalid')
        return toEntry(fstatSync(fd), name)
      }),
    read: (into, position) => {
      if (!open) throw new FileServerError('handle.invalid')
      // The protocols' offsets go further than any file; reads past the end give 0.
      if (position > Number.MAX_SAFE_INTEGER) return 0
      const now = clock.monotonic()
      if (now < poolUntil) return readLater(into, position)
      try {
        return readNow(into, position, now)
      } catch (error) {
        throw translate(error)
      }
    },
    close: async () => {
      if (!open) return
      open = false
      if (underWay > 0) {
        await new Promise<void>((resolve) => {
          whenIdle = resolve
        })
      }
      await guarded(() => closeSync(fd))
    },
  }
}
