import type { MaybePromise } from '../core/maybe-promise.ts'
import type { WriteHandle } from '../core/vfs/storage.ts'
import type { TurnTask } from './turn-end.ts'

/** One step of the storage takes no more than this; what is beyond waits for the next. */
const MAX_BATCH = 1024 * 1024
/** Far below the system's limit for one vectored write. */
const MAX_PIECES = 256

type Target = Pick<WriteHandle, 'write' | 'writev' | 'size'>

type Batch = {
  readonly position: number
  end: number
  readonly pieces: Buffer[]
  readonly waiting: PromiseWithResolvers<void>[]
}

/**
 * The WRITEs of one handle on their way to the file. While one step is at the storage, those that follow on each other
 * gather for the next: a trip through the thread pool costs more than the write itself.
 */
export class WriteQueue implements TurnTask {
  readonly #file: Target
  /** Undefined while nothing gathers: so it is for a small file, from its beginning to its end. */
  #batches: Batch[] | undefined
  #tail: number | undefined
  #running = false

  constructor(file: Target) {
    this.#file = file
  }

  /** Where the next byte goes that is to be appended. */
  get end(): number {
    return this.#tail ?? this.#file.size
  }

  /**
   * Done, or a promise that resolves, when the bytes are in the file; they must stay until then. With `gather` more are
   * coming: it starts with `turnEnded` only.
   */
  write(bytes: Buffer, position: number, gather: boolean): MaybePromise<void> {
    if (!gather && !this.#running && this.#batches === undefined) return this.#writeNow(bytes, position)
    const batch = this.#batchFor(position, bytes.length)
    batch.pieces.push(bytes)
    batch.end += bytes.length
    this.#tail = batch.end
    const waiting = Promise.withResolvers<void>()
    batch.waiting.push(waiting)
    return waiting.promise
  }

  /** Starts what was gathered. */
  turnEnded(): void {
    if (!this.#running && this.#batches !== undefined) void this.#run()
  }

  /** A single WRITE, while nothing else is on its way. */
  #writeNow(bytes: Buffer, position: number): MaybePromise<void> {
    const done = this.#file.write(bytes, position)
    if (done === undefined) return
    this.#running = true
    this.#tail = position + bytes.length
    return done.finally(() => void this.#run())
  }

  #batchFor(position: number, size: number): Batch {
    this.#batches ??= []
    const last = this.#batches.at(-1)
    const fits =
      last !== undefined &&
      last.end === position &&
      last.pieces.length < MAX_PIECES &&
      last.end - last.position + size <= MAX_BATCH
    if (fits) return last
    const batch = { position, end: position, pieces: [], waiting: [] }
    this.#batches.push(batch)
    return batch
  }

  #store({ pieces, position }: Batch): MaybePromise<void> {
    const [only] = pieces
    return pieces.length === 1 && only !== undefined
      ? this.#file.write(only, position)
      : this.#file.writev(pieces, position)
  }

  async #run(): Promise<void> {
    this.#running = true
    for (let batch = this.#batches?.shift(); batch !== undefined; batch = this.#batches?.shift()) {
      try {
        const done = this.#store(batch)
        if (done !== undefined) await done
        for (const { resolve } of batch.waiting) resolve()
      } catch (error) {
        for (const { reject } of batch.waiting) reject(error)
      }
    }
    this.#running = false
    this.#batches = undefined
    this.#tail = undefined
  }
}
