import { FileServerError } from '../core/errors.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { VirtualPath } from '../core/vfs/path.ts'
import type { Entry, ReadHandle, WriteHandle } from '../core/vfs/storage.ts'
import { fillRandom } from './randomness.ts'
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

const NAME_BYTES = 12

/**
 * The open files of one channel. Names are random, so that one channel cannot guess another's; a name is worth
 * nothing outside of the table that made it.
 */
export class HandleTable {
  readonly #limit: number
  #open: Map<string, OpenFile> | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#open?.size ?? 0
  }

  /** Throws session.limit; call before anything is opened. */
  checkRoom(): void {
    if (this.size >= this.#limit) throw new FileServerError('session.limit', 'too many open handles')
  }

  add(file: OpenFile): string {
    const bytes = Buffer.allocUnsafe(NAME_BYTES)
    fillRandom(bytes, 0, NAME_BYTES)
    const name = bytes.toString('base64url')
    this.#open ??= new Map()
    this.#open.set(name, file)
    return name
  }

  /** Throws handle.invalid. */
  get(name: Buffer): OpenFile {
    const found = this.#open?.get(name.toString('latin1'))
    if (found === undefined) throw new FileServerError('handle.invalid')
    return found
  }

  /** Takes it out of the table; the caller ends it. Throws handle.invalid. */
  remove(name: Buffer): OpenFile {
    const found = this.get(name)
    this.#open?.delete(name.toString('latin1'))
    if (this.size === 0) this.#open = undefined
    return found
  }

  /** Ends all of them: what was being written is kept as its owner's partial. Never rejects. */
  async abandon(): Promise<void> {
    const files = [...(this.#open?.values() ?? [])]
    this.#open = undefined
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
