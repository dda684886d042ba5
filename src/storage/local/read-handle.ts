import { closeSync, read as readAsync } from 'node:fs'
import { FileServerError } from '../../core/errors.ts'
import type { Entry, OpenedFile } from '../../core/vfs/storage.ts'
import type { LocalContext } from './context.ts'
import { errnoOf, guarded, translate } from './errno.ts'
import { LINK, type Spot } from './jail.ts'
import { OPEN_SAFELY } from './proc.ts'
import { readCached, readMeasured } from './read-now.ts'
import { createSendTo } from './send-to.ts'
import type { LocalSystem } from './system.ts'

/** Only regular files are opened for their content: never devices, FIFOs and sockets. */
export function requireFile(entry: Entry): void {
  if (entry.kind === 'file') return
  if (entry.kind === 'directory') throw new FileServerError('path.is-directory')
  throw new FileServerError('storage.unsupported', 'not a regular file')
}

export type OpenFile = Readonly<{ fd: number; entry: Entry }>

/** Opens the file at a spot without following a link; the descriptor is the caller's. */
export function openFile(
  system: LocalSystem,
  { directory, name }: Spot,
  flags: number,
): OpenFile | typeof LINK {
  let fd: number
  try {
    fd = system.open(directory.fd, name, flags | OPEN_SAFELY)
  } catch (error) {
    if (errnoOf(error) === 'ELOOP') return LINK
    throw error
  }
  try {
    const entry = system.fstat(fd, name)
    requireFile(entry)
    return { fd, entry }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** Takes over the descriptor. Reads at once what is in memory, the rest through the thread pool. */
export function createReadHandle(
  { fd, entry }: OpenFile,
  { clock, native, system }: Pick<LocalContext, 'clock' | 'native' | 'system'>,
): OpenedFile {
  let open = true
  let underWay = 0
  let whenIdle: (() => void) | undefined

  const measured = readMeasured(fd, clock)
  const readNow = native === undefined ? measured : readCached(fd, native, measured)
  const sendNow = native === undefined ? undefined : createSendTo(fd, native)
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
    size: entry.size,
    stat: () =>
      guarded(() => {
        if (!open) throw new FileServerError('handle.invalid')
        return system.fstat(fd, entry.name)
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
    sendTo:
      sendNow &&
      ((descriptor, position, max) => {
        if (!open) throw new FileServerError('handle.invalid')
        return sendNow(descriptor, position, max)
      }),
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
