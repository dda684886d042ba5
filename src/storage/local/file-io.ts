import { ftruncate, ftruncateSync, read, write, writev } from 'node:fs'
import { promisify } from 'node:util'
import { FileServerError } from '../../core/errors.ts'
import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { Clock } from '../../core/ports.ts'
import type { LocalContext } from './context.ts'
import { translate } from './errno.ts'
import { flush } from './flush.ts'
import { LARGE_BYTES } from './letting-go.ts'
import type { LocalSystem } from './system.ts'

/** The start of a file this small is written at once: a hop through the thread pool costs more than the write. */
const SYNC_FILE_BYTES = 64 * 1024
/** A sync write that took longer met a slow disk; the rest goes through the pool. */
const SLOW_MS = 2

const truncateLater = promisify(ftruncate)

export type FileIo = {
  /** Bytes that the file has. */
  readonly size: number
  write(chunk: Uint8Array, position: number): MaybePromise<void>
  writev(chunks: readonly Uint8Array[], position: number): MaybePromise<void>
  read(into: Uint8Array, position: number): Promise<number>
  /** Cuts or extends it, after all that is under way. */
  resize(size: number): Promise<void>
  /** Flushes to stable storage what was written until now. */
  sync(): Promise<void>
  /** Waits until nothing of all this is under way. */
  drained(): MaybePromise<void>
}

type IoContext = Pick<LocalContext, 'clock' | 'system'>

type Range = { from: number; to: number; done: Promise<unknown> }

function writeOnce(fd: number, chunks: readonly Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, bytes: number) => (error ? reject(error) : resolve(bytes))
    const [only] = chunks
    if (chunks.length === 1 && only !== undefined) write(fd, only, 0, only.byteLength, position, done)
    else writev(fd, chunks, position, done)
  })
}

/** What is left of `chunks` without their first `bytes`. */
function after(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const rest: Uint8Array[] = []
  let skip = bytes
  for (const chunk of chunks) {
    if (skip < chunk.byteLength) rest.push(skip === 0 ? chunk : chunk.subarray(skip))
    skip = Math.max(0, skip - chunk.byteLength)
  }
  return rest
}

/** The system may write less than asked. Fails with the system's errors. */
export async function writeAll(fd: number, chunks: readonly Uint8Array[], position: number, total: number) {
  let written = await writeOnce(fd, chunks, position)
  while (written < total) {
    const more = await writeOnce(fd, after(chunks, written), position + written)
    if (more === 0) throw new FileServerError('storage.failed', 'a write made no progress')
    written += more
  }
}

function total(chunks: readonly Uint8Array[]): number {
  let bytes = 0
  for (const chunk of chunks) bytes += chunk.byteLength
  return bytes
}

/** Orders what overlaps, lets the rest run side by side. */
class RangeOrder {
  readonly #underWay = new Set<Range>()

  get idle(): boolean {
    return this.#underWay.size === 0
  }

  run<T>(from: number, to: number, work: () => Promise<T>): Promise<T> {
    const blocking: Promise<unknown>[] = []
    for (const other of this.#underWay) if (other.from < to && from < other.to) blocking.push(other.done)
    const result = blocking.length === 0 ? work() : Promise.all(blocking).then(work)
    const range: Range = { from, to, done: Promise.resolve() }
    const done = () => this.#underWay.delete(range)
    range.done = result.then(done, done)
    this.#underWay.add(range)
    return result
  }

  async drained(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all([...this.#underWay].map(({ done }) => done))
  }
}

function requireOffset(position: number, bytes: number): void {
  if (!Number.isSafeInteger(position) || position < 0 || !Number.isSafeInteger(position + bytes)) {
    throw new FileServerError('transfer.bad-offset')
  }
}

/** Reads and writes on a descriptor that somebody else closes, after `drained`. Overlapping calls act in their order. */
class DescriptorIo implements FileIo {
  /** Made by the first that has to be waited for; small files have none. */
  #order: RangeOrder | undefined
  readonly #fd: number
  readonly #clock: Clock
  readonly #system: LocalSystem
  #size: number
  #sync = true

  constructor(fd: number, size: number, { clock, system }: IoContext) {
    this.#fd = fd
    this.#size = size
    this.#clock = clock
    this.#system = system
  }

  get size(): number {
    return this.#size
  }

  write(chunk: Uint8Array, position: number): MaybePromise<void> {
    const bytes = chunk.byteLength
    requireOffset(position, bytes)
    if (bytes === 0) return
    const small = this.#sync && position + bytes <= SYNC_FILE_BYTES && this.#idle()
    if (small && this.#now(chunk, position)) return
    return this.#later([chunk], position, bytes)
  }

  writev(chunks: readonly Uint8Array[], position: number): MaybePromise<void> {
    const [only] = chunks
    if (chunks.length === 1 && only !== undefined) return this.write(only, position)
    const bytes = total(chunks)
    requireOffset(position, bytes)
    if (bytes > 0) return this.#later(chunks, position, bytes)
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    // The protocols' offsets go further than any file.
    if (position > Number.MAX_SAFE_INTEGER) return 0
    return this.#ordered().run(
      position,
      position + into.byteLength,
      () =>
        new Promise((resolve, reject) => {
          read(this.#fd, into, 0, into.byteLength, position, (error, bytes) =>
            error ? reject(translate(error)) : resolve(bytes),
          )
        }),
    )
  }

  resize(bytes: number): Promise<void> {
    return this.#alone(async () => {
      if (this.#size - bytes < LARGE_BYTES) ftruncateSync(this.#fd, bytes)
      else await truncateLater(this.#fd, bytes)
      this.#size = bytes
    })
  }

  sync(): Promise<void> {
    return this.#alone(() => flush(this.#fd))
  }

  drained(): MaybePromise<void> {
    return this.#idle() ? undefined : this.#order?.drained()
  }

  /** Whoever closes the descriptor waits for this as well: by then it may be another file's. */
  #alone(work: () => Promise<void>): Promise<void> {
    return this.#ordered()
      .run(0, Number.POSITIVE_INFINITY, work)
      .catch((error: unknown) => {
        throw translate(error)
      })
  }

  #idle(): boolean {
    return this.#order === undefined || this.#order.idle
  }

  #ordered(): RangeOrder {
    this.#order ??= new RangeOrder()
    return this.#order
  }

  #grow(end: number): void {
    if (end > this.#size) this.#size = end
  }

  #later(chunks: readonly Uint8Array[], position: number, bytes: number): Promise<void> {
    return this.#ordered()
      .run(position, position + bytes, () => writeAll(this.#fd, chunks, position, bytes))
      .then(
        () => this.#grow(position + bytes),
        (error: unknown) => {
          throw translate(error)
        },
      )
  }

  /** False when the system did not take all of it at once. */
  #now(chunk: Uint8Array, position: number): boolean {
    const start = this.#clock.monotonic()
    try {
      const written = this.#system.write(this.#fd, chunk, position)
      this.#grow(position + written)
      if (this.#clock.monotonic() - start > SLOW_MS) this.#sync = false
      return written === chunk.byteLength
    } catch (error) {
      throw translate(error)
    }
  }
}

export function createFileIo(fd: number, initialSize: number, context: IoContext): FileIo {
  return new DescriptorIo(fd, initialSize, context)
}
