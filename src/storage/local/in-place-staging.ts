import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { Entry, Usage } from '../../core/vfs/storage.ts'
import type { Published, Staging } from '../staged-upload.ts'
import { applyAttributes } from './apply-attributes.ts'
import { Content, type OpenedContent } from './content.ts'
import type { LocalContext } from './context.ts'
import { guarded } from './errno.ts'
import { flush } from './flush.ts'
import { closeFile, closeWritten } from './letting-go.ts'

/** An edit of the file itself: what is written stays, however the upload ends. */
class InPlaceStaging extends Content implements Staging {
  readonly #inherited: number
  /** Bytes that the file is to be charged for once it has ended. */
  #left: number | undefined
  #closed = false

  constructor(context: LocalContext, opened: OpenedContent) {
    super(context, opened)
    this.#inherited = opened.size
  }

  publish(): Promise<Published> {
    return guarded(async () => {
      applyAttributes(this.fd, this.pending)
      if (this.context.settings.syncOnCommit) await flush(this.fd)
      const entry = this.context.system.fstat(this.fd, this.name)
      const left = this.#end(entry)
      this.#closed = true
      await closeWritten(this.fd, this.size)
      return { entry, freed: { bytes: entry.size - left, files: 0 } }
    })
  }

  keep(): Promise<Usage> {
    return guarded(() => {
      const left = this.#left ?? this.#end(this.context.system.fstat(this.fd, this.name))
      return { bytes: left, files: 1 }
    })
  }

  drop(): Promise<Usage> {
    return this.keep()
  }

  close(): MaybePromise<void> {
    if (!this.#closed) return closeFile(this.fd, this.size)
  }

  #end(entry: Entry): number {
    this.#left ??= this.#inherited + this.context.inPlace.end(entry)
    return this.#left
  }
}

/** Takes over the descriptor, of what the entry describes. */
export function createInPlace(context: LocalContext, fd: number, entry: Entry): Staging {
  context.inPlace.begin(entry)
  return new InPlaceStaging(context, { fd, size: entry.size, name: entry.name })
}
