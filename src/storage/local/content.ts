import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { AttributeChanges, Entry } from '../../core/vfs/storage.ts'
import type { Attributes } from './apply-attributes.ts'
import type { LocalContext } from './context.ts'
import { MODE_BITS } from './entry.ts'
import { guarded } from './errno.ts'
import { createFileIo, type FileIo } from './file-io.ts'

export const NO_ATTRIBUTES: Attributes = {}

/** What is written: an open file of `size` bytes, and what it is to be called. */
export type OpenedContent = Readonly<{ fd: number; size: number; name: string }>

/** The part of a Staging that is the same whether a partial or the file itself is written. */
export class Content {
  protected readonly context: LocalContext
  protected readonly fd: number
  protected readonly name: string
  protected pending: Attributes = NO_ATTRIBUTES
  readonly #io: FileIo

  constructor(context: LocalContext, { fd, size, name }: OpenedContent) {
    this.context = context
    this.fd = fd
    this.name = name
    this.#io = createFileIo(fd, size, context)
  }

  get size(): number {
    return this.#io.size
  }

  write(chunk: Uint8Array, position: number): MaybePromise<void> {
    return this.#io.write(chunk, position)
  }

  writev(chunks: readonly Uint8Array[], position: number): MaybePromise<void> {
    return this.#io.writev(chunks, position)
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#io.read(into, position)
  }

  drained(): MaybePromise<void> {
    return this.#io.drained()
  }

  stat(): Promise<Entry> {
    return guarded(() => {
      const entry = this.context.system.fstat(this.fd, this.name)
      return { ...entry, ...this.pending, mode: (this.pending.mode ?? entry.mode) & MODE_BITS }
    })
  }

  setAttributes({ size, ...rest }: AttributeChanges): Promise<void> {
    return guarded(async () => {
      if (size !== undefined) await this.#io.resize(size)
      this.pending = { ...this.pending, ...rest }
    })
  }

  sync(): Promise<void> {
    return this.#io.sync()
  }
}
