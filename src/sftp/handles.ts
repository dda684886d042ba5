import { FileServerError } from '../core/errors.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { VirtualPath } from '../core/vfs/path.ts'
import type { Entry, ReadHandle, WriteHandle } from '../core/vfs/storage.ts'
import type { BodyReader } from './codec.ts'
import { randomUint32 } from './randomness.ts'
import type { WriteQueue } from './write-queue.ts'

export type OpenFile =
  | Readonly<{ kind: 'read'; path: VirtualPath; file: ReadHandle }>
  | Readonly<{
      kind: 'write'
      path: VirtualPath
      file: WriteHandle
      queue: WriteQueue
      append: boolean
      readable: boolean
    }>
  | Readonly<{ kind: 'directory'; path: VirtualPath; listing: DirectoryListing }>

/** Throws handle.invalid for what no handle led to. */
export function known(found: OpenFile | undefined): OpenFile {
  if (found === undefined) throw new FileServerError('handle.invalid')
  return found
}

/** What bytes can be read from. */
export type Source = { read(into: Uint8Array, position: number): MaybePromise<number> }

/** The content behind a handle; throws access.denied for one that was not opened for reading. */
export function readable(open: OpenFile): Source {
  if (open.kind === 'read' || (open.kind === 'write' && open.readable)) return open.file
  throw new FileServerError('access.denied', 'handle is not open for reading')
}

/** Bytes of the content behind a handle at this moment. */
export async function contentSize(open: OpenFile): Promise<number> {
  if (open.kind === 'directory') throw new FileServerError('path.is-directory')
  return open.kind === 'write' ? open.file.size : (await open.file.stat()).size
}

/** A READDIR in progress: entries that were listed but did not fit into the last reply (`rest`) come first. */
export type DirectoryListing = {
  readonly source: AsyncIterator<readonly Entry[]>
  rest: readonly Entry[]
  /** What stands before the name in an entry's long name. */
  readonly headOf: (entry: Entry) => string
}

/** What a client calls an open file: its place in the table, and three random numbers. */
export type HandleName = readonly [place: number, number, number, number]
export const NAME_BYTES = 16

type Slot = Readonly<{ name: HandleName; file: OpenFile }>

/**
 * The open files of one channel. Names are random, so that one channel cannot guess another's; a name is worth
 * nothing outside of the table that made it.
 */
export class HandleTable {
  readonly #limit: number
  #size = 0
  /** By place; undefined while nothing is open. */
  #slots: (Slot | undefined)[] | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#size
  }

  /** Throws session.limit; call before anything is opened. */
  checkRoom(): void {
    if (this.size >= this.#limit) throw new FileServerError('session.limit', 'too many open handles')
  }

  add(file: OpenFile): HandleName {
    this.#slots ??= []
    const free = this.#slots.indexOf(undefined)
    const place = free < 0 ? this.#slots.length : free
    const name = [place, randomUint32(), randomUint32(), randomUint32()] as const
    this.#slots[place] = { name, file }
    this.#size += 1
    return name
  }

  /** By the name that `body` goes on with; undefined for one that is none of ours. */
  find(body: BodyReader): OpenFile | undefined {
    return this.#find(body)?.file
  }

  /** The same. Throws handle.invalid. */
  get(body: BodyReader): OpenFile {
    return known(this.find(body))
  }

  /** Takes it out of the table; the caller ends it. Throws handle.invalid. */
  remove(body: BodyReader): OpenFile {
    const slot = this.#find(body)
    const slots = this.#slots
    if (slot === undefined || slots === undefined) throw new FileServerError('handle.invalid')
    slots[slot.name[0]] = undefined
    this.#size -= 1
    if (this.#size === 0) this.#slots = undefined
    return slot.file
  }

  #find(body: BodyReader): Slot | undefined {
    const length = body.uint32()
    if (length !== NAME_BYTES) {
      body.skip(length)
      return undefined
    }
    const place = body.uint32()
    const slot = this.#slots?.[place]
    const a = body.uint32()
    const b = body.uint32()
    const c = body.uint32()
    if (slot === undefined || slot.name[1] !== a || slot.name[2] !== b || slot.name[3] !== c) return undefined
    return slot
  }

  /** Ends all of them: what was being written is kept as its owner's partial. Never rejects. */
  async abandon(): Promise<void> {
    const files = (this.#slots ?? []).flatMap((slot) => (slot === undefined ? [] : [slot.file]))
    this.#slots = undefined
    this.#size = 0
    await Promise.allSettled(files.map(abandonOne))
  }
}

async function abandonOne(open: OpenFile): Promise<void> {
  switch (open.kind) {
    case 'read':
      return open.file.close()
    case 'write':
      return open.file.abort()
    case 'directory':
      await open.listing.source.return?.()
  }
}
