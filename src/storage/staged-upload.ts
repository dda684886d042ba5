import { FileServerError } from '../core/errors.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { AttributeChanges, Entry, StagedFile, Usage } from '../core/vfs/storage.ts'
import type { ActiveUpload } from './active-uploads.ts'

/** What has its name now, and what it replaced. */
export type Published = Readonly<{ entry: Entry; freed: Usage }>

/** The content of one upload in a driver's own terms; `createStagedUpload` calls it in the right states only. */
export type Staging = {
  readonly size: number
  write(chunk: Uint8Array, position: number): MaybePromise<void>
  writev(chunks: readonly Uint8Array[], position: number): MaybePromise<void>
  read(into: Uint8Array, position: number): MaybePromise<number>
  stat(): Promise<Entry>
  setAttributes(changes: AttributeChanges): Promise<void>
  sync(): Promise<void>
  /** Waits until no write or read is under way. */
  drained(): MaybePromise<void>
  /**
   * Puts the content under its name; on failure everything stays as it was, or `keep` and `drop` tell what the name has
   * brought.
   */
  publish(): MaybePromise<Published>
  /** Leaves the content as the owner's partial, if it still is that; resolves to what is kept. */
  keep(): Promise<Usage>
  /** Throws the content away; resolves to what is left all the same. */
  drop(): Promise<Usage>
  /** Releases what it holds; called once, last. Never fails: what could not be kept `publish` has said. */
  close(): MaybePromise<void>
}

export type StagedUploadOptions = Readonly<{
  staging: Staging
  inherited: Usage
  /** The upload goes on from a partial, which is worth keeping even if nothing is added. */
  continues: boolean
  /** Called once when the upload no longer runs. */
  onEnd: () => void
}>

export const NO_USAGE: Usage = { bytes: 0, files: 0 }

type State = 'open' | 'ending' | 'failed' | 'ended' | 'superseded'

/**
 * One upload's life, alike in all drivers: open, then exactly one end, or superseded by a newer upload. A class, since an
 * object with a getter costs a hundred times as much to make, and small files feel it.
 */
class StagedUpload implements StagedFile, ActiveUpload {
  readonly inherited: Usage
  readonly #staging: Staging
  readonly #onEnd: () => void
  #dirty: boolean
  #state: State = 'open'
  #ending: Promise<unknown> | undefined
  /** What a newer upload took over: counted for it already. */
  #handedOver: Usage = NO_USAGE

  constructor({ staging, inherited, continues, onEnd }: StagedUploadOptions) {
    this.inherited = inherited
    this.#staging = staging
    this.#onEnd = onEnd
    this.#dirty = continues
  }

  get size(): number {
    return this.#staging.size
  }

  write(chunk: Uint8Array, position: number): MaybePromise<void> {
    this.#requireOpen()
    this.#dirty = true
    return this.#staging.write(chunk, position)
  }

  writev(chunks: readonly Uint8Array[], position: number): MaybePromise<void> {
    this.#requireOpen()
    this.#dirty = true
    return this.#staging.writev(chunks, position)
  }

  read(into: Uint8Array, position: number): MaybePromise<number> {
    this.#requireOpen()
    return this.#staging.read(into, position)
  }

  async stat(): Promise<Entry> {
    this.#requireOpen()
    return this.#staging.stat()
  }

  async setAttributes(changes: AttributeChanges): Promise<void> {
    this.#requireOpen()
    if (changes.size !== undefined) this.#dirty = true
    await this.#staging.setAttributes(changes)
  }

  async sync(): Promise<void> {
    this.#requireOpen()
    await this.#staging.sync()
  }

  /** Ends well, or leaves the state `failed`, from which only `abort` and `discard` lead on. */
  commit(): MaybePromise<Published> {
    this.#requireOpen()
    this.#state = 'ending'
    const drained = this.#staging.drained()
    const publishing = drained === undefined ? this.#publish() : drained.then(() => this.#publish())
    return publishing instanceof Promise ? this.#run(publishing) : publishing
  }

  abort(): Promise<Usage> {
    return this.#finish(() => (this.#dirty ? this.#staging.keep() : this.#staging.drop()))
  }

  discard(): Promise<Usage> {
    return this.#finish(() => this.#staging.drop())
  }

  async supersede(): Promise<void> {
    if (this.#state !== 'open' && this.#state !== 'failed') {
      await this.#ending?.catch(() => undefined)
      return
    }
    this.#state = 'superseded'
    await this.#run(this.#letGo())
  }

  #requireOpen(): void {
    if (this.#state === 'open') return
    if (this.#state === 'superseded') {
      throw new FileServerError('transfer.aborted', 'superseded by a newer upload')
    }
    throw new FileServerError('handle.invalid', 'the upload has ended')
  }

  /** A newer upload that comes meanwhile waits for the end. */
  #run<T>(ending: Promise<T>): Promise<T> {
    this.#ending = ending
    return ending
  }

  #publish(): MaybePromise<Published> {
    let publishing: MaybePromise<Published>
    try {
      publishing = this.#staging.publish()
    } catch (error) {
      return this.#notPublished(error)
    }
    if (!(publishing instanceof Promise)) return this.#published(publishing)
    return publishing.then(
      (published) => this.#published(published),
      (error: unknown) => this.#notPublished(error),
    )
  }

  #published(published: Published): MaybePromise<Published> {
    this.#state = 'ended'
    const released = this.#release()
    return released === undefined ? published : released.then(() => published)
  }

  #notPublished(error: unknown): never {
    this.#state = 'failed'
    throw error
  }

  async #letGo(): Promise<void> {
    try {
      await this.#staging.drained()
      this.#handedOver = await this.#staging.keep()
    } finally {
      await this.#release()
    }
  }

  /** Ends whatever `work` says, unless there is nothing left to end. */
  async #finish(work: () => Promise<Usage>): Promise<Usage> {
    if (this.#state === 'superseded') return this.#leave()
    if (this.#state !== 'open' && this.#state !== 'failed') return NO_USAGE
    this.#state = 'ending'
    return this.#run(this.#end(work))
  }

  async #leave(): Promise<Usage> {
    this.#state = 'ended'
    await this.#ending?.catch(() => undefined)
    return this.#handedOver
  }

  async #end(work: () => Promise<Usage>): Promise<Usage> {
    try {
      await this.#staging.drained()
      return await work()
    } finally {
      this.#state = 'ended'
      await this.#release()
    }
  }

  /** Whoever waits for the end may have the name as soon as nothing more is written, before the file is closed. */
  #release(): MaybePromise<void> {
    try {
      return this.#staging.close()
    } finally {
      this.#onEnd()
    }
  }
}

export function createStagedUpload(options: StagedUploadOptions): StagedFile & ActiveUpload {
  return new StagedUpload(options)
}
