import type { MaybePromise } from '../core/maybe-promise.ts'
import type { WriteHandle } from '../core/vfs/storage.ts'

/** One step of the storage takes no more than this; what is beyond waits for the next. */
const MAX_BATCH = 1024 * 1024
/** Far below the system's limit for one vectored write. */
const MAX_PIECES = 256

/**
 * The WRITEs of one handle on their way to the file. While one step is at the storage, those that follow on each other
 * gather for the next: a trip through the thread pool costs more than the write itself.
 */
export type WriteQueue = {
  /** Where the next byte goes that is to be appended. */
  readonly end: number
  /**
   * Done, or a promise that resolves, when the bytes are in the file; they must stay until then. With `gather` more are
   * coming: it starts with `flush` only.
   */
  write(bytes: Buffer, position: number, gather: boolean): MaybePromise<void>
  flush(): void
}

type Batch = {
  readonly position: number
  end: number
  readonly pieces: Buffer[]
  readonly waiting: PromiseWithResolvers<void>[]
}

export function createWriteQueue(file: Pick<WriteHandle, 'write' | 'writev' | 'size'>): WriteQueue {
  const batches: Batch[] = []
  let tail: number | undefined
  let running = false

  function batchFor(position: number, size: number): Batch {
    const last = batches.at(-1)
    const fits =
      last !== undefined &&
      last.end === position &&
      last.pieces.length < MAX_PIECES &&
      last.end - last.position + size <= MAX_BATCH
    if (fits) return last
    const batch = { position, end: position, pieces: [], waiting: [] }
    batches.push(batch)
    return batch
  }

  function store({ pieces, position }: Batch): MaybePromise<void> {
    const [only] = pieces
    return pieces.length === 1 && only !== undefined
      ? file.write(only, position)
      : file.writev(pieces, position)
  }

  async function run(): Promise<void> {
    running = true
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      try {
        const done = store(batch)
        if (done !== undefined) await done
        for (const { resolve } of batch.waiting) resolve()
      } catch (error) {
        for (const { reject } of batch.waiting) reject(error)
      }
    }
    running = false
    tail = undefined
  }

  /** A single WRITE, while nothing else is on its way. */
  function writeNow(bytes: Buffer, position: number): MaybePromise<void> {
    const done = file.write(bytes, position)
    if (done === undefined) return
    running = true
    tail = position + bytes.length
    return done.finally(() => void run())
  }

  return {
    get end() {
      return tail ?? file.size
    },
    write(bytes, position, gather) {
      if (!gather && !running && batches.length === 0) return writeNow(bytes, position)
      const batch = batchFor(position, bytes.length)
      batch.pieces.push(bytes)
      batch.end += bytes.length
      tail = batch.end
      const waiting = Promise.withResolvers<void>()
      batch.waiting.push(waiting)
      return waiting.promise
    },
    flush() {
      if (!running && batches.length > 0) void run()
    },
  }
}
