import { constants, fsync } from 'node:fs'
import { promisify } from 'node:util'
import { errnoOf } from './errno.ts'
import { inside, withOpen } from './proc.ts'

const OPEN_TO_FLUSH = constants.O_RDONLY | constants.O_DIRECTORY

/** Puts what an open file has on stable storage. */
export const flush = promisify(fsync)

/**
 * Runs `work` and then puts the names of the directory on stable storage, where its file system does that by itself. What
 * that needs is opened before, so that it cannot be missing when a name has been given.
 */
export function thenFlushNames<T>(directory: number, work: () => Promise<T>): Promise<T> {
  return withOpen(inside(directory, '.'), OPEN_TO_FLUSH, async (fd) => {
    const result = await work()
    try {
      await flush(fd)
    } catch (error) {
      if (errnoOf(error) !== 'EINVAL') throw error
    }
    return result
  })
}
