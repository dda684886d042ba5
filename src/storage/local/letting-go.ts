import { close, closeSync, openSync } from 'node:fs'
import { promisify } from 'node:util'
import { type MaybePromise, orElse } from '../../core/maybe-promise.ts'
import type { Entry } from '../../core/vfs/storage.ts'
import { inside, OPEN_NAME } from './proc.ts'

/**
 * What the system has to give back of a file that is gone, its pages in memory and its blocks on disk, takes about a
 * millisecond for every 8 MiB, and all sessions would wait for it. From this size on the thread pool does it.
 */
export const LARGE_BYTES = 4 * 1024 * 1024

const closeLater = promisify(close)

/**
 * Closes what may be the last that keeps a file of this size: waits for the thread pool if that can take long. Fails with
 * what the system could not keep of what was written, which network file systems say only now; it is closed all the same.
 */
export function closeWritten(fd: number, size: number): MaybePromise<void> {
  return size < LARGE_BYTES ? closeSync(fd) : closeLater(fd)
}

/** As `closeWritten`, for who has written nothing, or nothing that is to be kept: never fails. */
export function closeFile(fd: number, size: number): MaybePromise<void> {
  return orElse(() => closeWritten(fd, size), nothing)
}

function nothing(): void {}

/**
 * Runs `work`, which takes its name in `directory` from what `entry` describes. A large file is kept open meanwhile, so
 * that it goes in the thread pool and not within `work`; nobody waits for that.
 */
export function lettingGo<T>(directory: number, entry: Entry | undefined, work: () => T): T {
  const large = entry?.kind === 'file' && entry.links <= 1 && entry.size >= LARGE_BYTES
  const kept = large ? tryOpen(directory, entry.name) : undefined
  try {
    return work()
  } finally {
    if (kept !== undefined) close(kept, () => {})
  }
}

/** Undefined where that cannot be: then the file goes at once. */
function tryOpen(directory: number, name: string): number | undefined {
  try {
    return openSync(inside(directory, name), OPEN_NAME)
  } catch {
    return undefined
  }
}
