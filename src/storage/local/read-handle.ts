import { closeSync, fstatSync, openSync, read as readAsync, type Stats } from 'node:fs'
import { FileServerError } from '../../core/errors.ts'
import type { OpenedFile } from '../../core/vfs/storage.ts'
import type { LocalContext } from './context.ts'
import { toEntry } from './entry.ts'
import { errnoOf, guarded, translate } from './errno.ts'
import { LINK, type Spot } from './jail.ts'
import { OPEN_SAFELY } from './proc.ts'
import { readCached, readMeasured } from './read-now.ts'

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

/** Takes over the descriptor. Reads at once what is in memory, the rest through the thread pool. */
export function createReadHandle(
  { fd, size }: OpenFile,
  name: string,
  { clock, native }: Pick<LocalContext, 'clock' | 'native'>,
): OpenedFile {
  let open = true
  let underWay = 0
  let whenIdle: (() => void) | undefined

  const measured = readMeasured(fd, clock)
  const readNow = native === undefined ? measured : readCached(fd, native, measured)
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
      try {
        return readNow(into, position) ?? readLater(into, position)
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
