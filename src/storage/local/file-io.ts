import { read, write, writeSync, writev } from 'node:fs'
import { FileServerError } from '../../core/errors.ts'
import type { Clock } from '../../core/ports.ts'
import type { MaybePromise } from '../../core/vfs/storage.ts'
import { translate } from './errno.ts'

/** The start of a file this small is written at once: a hop through the thread pool costs more than the write. */
const SYNC_FILE_BYTES = 64 * 1024
/** A sync write that took longer met a slow disk; the rest goes through the pool. */
const SLOW_MS = 2

export type FileIo = {
  /** Bytes that the file has. */
  readonly size: number
  write(chunk: Uint8Array, position: number): MaybePromise<void>
  writev(chunks: readonly Uint8Array[], position: number): MaybePromise<void>
  read(into: Uint8Array, position: number): Promise<number>
  /** After a truncation from outside of this object. */
  resized(size: number): void
  drained(): Promise<void>
}

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

/** The system may write less than asked. */
async function writeAll(fd: number, chunks: readonly Uint8Array[], position: number, total: number) {
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
function createOrder() {
  const underWay = new Set<Range>()
  return {
    get idle() {
      return underWay.size === 0
    },
    run<T>(from: number, to: number, work: () => Promise<T>): Promise<T> {
      const blocking: Promise<unknown>[] = []
      for (const other of underWay) if (other.from < to && from < other.to) blocking.push(other.done)
      const result = blocking.length === 0 ? work() : Promise.all(blocking).then(work)
      const range: Range = { from, to, done: Promise.resolve() }
      range.done = result.then(
        () => underWay.delete(range),
        () => underWay.delete(range),
      )
      underWay.add(range)
      return result
    },
    drained: async () => {
      while (underWay.size > 0) await Promise.all([...underWay].map(({ done }) => done))
    },
  }
}

/** Reads and writes on a descriptor that somebody else closes, after `drained`. Overlapping calls act in their order. */
export function createFileIo(fd: number, initialSize: number, clock: Pick<Clock, 'monotonic'>): FileIo {
  const order = createOrder()
  let size = initialSize
  let sync = true

  const grow = (end: number) => {
    if (end > size) size = end
  }
  const later = (chunks: readonly Uint8Array[], position: number, bytes: number): Promise<void> =>
    order
      .run(position, position + bytes, () => writeAll(fd, chunks, position, bytes))
      .then(
        () => grow(position + bytes),
        (error: unknown) => {
          throw translate(error)
        },
      )
  /** False when the system did not take all of it at once. */
  const now = (chunk: Uint8Array, position: number): boolean => {
    const start = clock.monotonic()
    try {
      const written = writeSync(fd, chunk, 0, chunk.byteLength, position)
      grow(position + written)
      if (clock.monotonic() - start > SLOW_MS) sync = false
      return written === chunk.byteLength
    } catch (error) {
      throw translate(error)
    }
  }
  const requireOffset = (position: number, bytes: number) => {
    if (!Number.isSafeInteger(position) || position < 0 || !Number.isSafeInteger(position + bytes)) {
      throw new FileServerError('transfer.bad-offset')
    }
  }
  const writeChunk = (chunk: Uint8Array, position: number): MaybePromise<void> => {
    const bytes = chunk.byteLength
    requireOffset(position, bytes)
    if (bytes === 0) return
    const small = sync && position + bytes <= SYNC_FILE_BYTES && order.idle
    if (small && now(chunk, position)) return
    return later([chunk], position, bytes)
  }
  return {
    get size() {
      return size
    },
    write: writeChunk,
    writev: (chunks, position) => {
      const [only] = chunks
      if (chunks.length === 1 && only !== undefined) return writeChunk(only, position)
      const bytes = total(chunks)
      requireOffset(position, bytes)
      if (bytes > 0) return later(chunks, position, bytes)
    },
    read: (into, position) =>
      order.run(
        position,
        position + into.byteLength,
        () =>
          new Promise((resolve, reject) => {
            read(fd, into, 0, into.byteLength, position, (error, bytes) =>
              error ? reject(translate(error)) : resolve(bytes),
            )
          }),
      ),
    resized: (bytes) => {
      size = bytes
    },
    drained: order.drained,
  }
}
