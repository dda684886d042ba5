import type { TransferOutcome } from '../audit/events.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import type { AttributeChanges, Entry, StagedFile, WriteHandle } from '../vfs/storage.ts'
import { byteLength } from './byte-length.ts'
import { type MeterOptions, Tally } from './meter.ts'

export type UploadOptions = MeterOptions &
  Readonly<{
    /** Throws access.denied unless the user may: an upload handle must not be a way around a missing permission. */
    demand(action: 'read' | 'attributes'): void
  }>

/** A class: an object with a getter has a shape of its own each time, which costs kilobytes and the collector's time. */
class MeteredWrite implements WriteHandle {
  readonly #staged: StagedFile
  readonly #tally: Tally
  readonly #options: UploadOptions

  constructor(staged: StagedFile, options: UploadOptions) {
    this.#staged = staged
    this.#tally = new Tally(options)
    this.#options = options
  }

  get size(): number {
    return this.#staged.size
  }

  write(chunk: Uint8Array, position: number): MaybePromise<void> {
    this.#requireWhole()
    try {
      return this.#counted(chunk.byteLength, this.#staged.write(chunk, position))
    } catch (error) {
      return this.#tally.fail(error)
    }
  }

  writev(chunks: readonly Uint8Array[], position: number): MaybePromise<void> {
    this.#requireWhole()
    try {
      return this.#counted(byteLength(chunks), this.#staged.writev(chunks, position))
    } catch (error) {
      return this.#tally.fail(error)
    }
  }

  read(into: Uint8Array, position: number): MaybePromise<number> {
    this.#options.demand('read')
    return this.#staged.read(into, position)
  }

  stat(): Promise<Entry> {
    return this.#staged.stat()
  }

  async setAttributes(changes: AttributeChanges): Promise<void> {
    const { size: _size, ...others } = changes
    if (Object.keys(others).length > 0) this.#options.demand('attributes')
    await this.#staged.setAttributes(changes)
  }

  sync(): Promise<void> {
    return this.#staged.sync()
  }

  commit(): MaybePromise<Entry> {
    try {
      if (this.#tally.failure !== undefined) throw this.#tally.failure
      const committing = this.#staged.commit()
      if (!(committing instanceof Promise)) return this.#committed(committing.entry)
      return committing.then(
        ({ entry }) => this.#committed(entry),
        (error: unknown) => this.#giveUp(error),
      )
    } catch (error) {
      return this.#giveUp(error)
    }
  }

  async abort(): Promise<void> {
    this.#end('aborted')
    await this.#staged.abort()
  }

  async discard(): Promise<void> {
    this.#end('aborted')
    await this.#staged.discard()
  }

  /** Who goes on from a partial goes by its size: what came behind a failed write would hide a hole. */
  #requireWhole(): void {
    if (this.#tally.failure !== undefined) throw this.#tally.failure
  }

  #counted(bytes: number, writing: MaybePromise<void>): MaybePromise<void> {
    this.#tally.bytes += bytes
    return writing === undefined ? writing : writing.catch((error: unknown) => this.#tally.fail(error))
  }

  #committed(entry: Entry): Entry {
    this.#tally.end('complete')
    return entry
  }

  async #giveUp(error: unknown): Promise<never> {
    this.#tally.end('failed')
    await this.#staged.abort()
    throw error
  }

  #end(outcome: TransferOutcome): void {
    this.#tally.end(this.#tally.failure === undefined ? outcome : 'failed')
  }
}

/**
 * Counts an upload. After a failed write only a broken file could be committed, so whatever is written then fails as it did,
 * and so does `commit`, which keeps the partial.
 */
export function meterWrite(staged: StagedFile, options: UploadOptions): WriteHandle {
  return new MeteredWrite(staged, options)
}
