import { closeSync, read as readAsync } from 'node:fs'
import { FileServerError } from '../../core/errors.ts'
import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { Entry, ReadHandle, SendTo } from '../../core/vfs/storage.ts'
import { errnoOf, guardedNow, translate } from './errno.ts'
import { LINK, type Spot } from './jail.ts'
import { closeFile } from './letting-go.ts'
import { OPEN_SAFELY } from './proc.ts'
import { createReadNow, type ReadContext, type ReadNow } from './read-now.ts'
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

/** Reads at once what is in memory, the rest through the thread pool. */
class LocalRead implements ReadHandle {
  readonly #fd: number
  readonly #entry: Entry
  readonly #context: ReadContext
  readonly #readNow: ReadNow
  #sendNow: SendTo | undefined
  #open = true
  #underWay = 0
  #whenIdle: (() => void) | undefined

  constructor({ fd, entry }: OpenFile, context: ReadContext) {
    this.#fd = fd
    this.#entry = entry
    this.#context = context
    this.#readNow = createReadNow(fd, entry.device, context)
  }

  get size(): number {
    return this.#entry.size
  }

  stat(): MaybePromise<Entry> {
    return guardedNow(() => {
      this.#requireOpen()
      return this.#context.system.fstat(this.#fd, this.#entry.name)
    })
  }

  read(into: Uint8Array, position: number): MaybePromise<number> {
    this.#requireOpen()
    // The protocols' offsets go further than any file; reads past the end give 0.
    if (position > Number.MAX_SAFE_INTEGER) return 0
    try {
      return this.#readNow(into, position) ?? this.#readLater(into, position)
    } catch (error) {
      throw translate(error)
    }
  }

  get sendTo(): SendTo | undefined {
    const { native } = this.#context
    if (native === undefined) return undefined
    return (descriptor, position, max) => {
      this.#requireOpen()
      this.#sendNow ??= createSendTo(this.#fd, native)
      return this.#sendNow(descriptor, position, max)
    }
  }

  close(): MaybePromise<void> {
    if (!this.#open) return
    this.#open = false
    const end = () => closeFile(this.#fd, this.#entry.size)
    if (this.#underWay === 0) return end()
    const idle = new Promise<void>((resolve) => {
      this.#whenIdle = resolve
    })
    return idle.then(end)
  }

  #readLater(into: Uint8Array, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#underWay += 1
      readAsync(this.#fd, into, 0, into.byteLength, position, (error, bytes) => {
        this.#underWay -= 1
        if (this.#underWay === 0) this.#whenIdle?.()
        if (error) reject(translate(error))
        else resolve(bytes)
      })
    })
  }

  #requireOpen(): void {
    if (!this.#open) throw new FileServerError('handle.invalid')
  }
}

/** Takes over the descriptor. */
export function createReadHandle(file: OpenFile, context: ReadContext): ReadHandle {
  return new LocalRead(file, context)
}
