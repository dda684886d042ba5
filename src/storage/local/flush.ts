import { constants, fsync } from 'node:fs'
import { promisify } from 'node:util'
import { errnoOf } from './errno.ts'
import { inside, withOpen } from './proc.ts'

const OPEN_TO_FLUSH = constants.O_RDONLY | constants.O_DIRECTORY

/** Puts what an open file has on stable storage. */
export const flush = promisify(fsync)

/** Puts the names of a directory on stable storage, where its file system does that by itself. */
export function flushDirectory(directory: number): Promise<void> {
  return withOpen(inside(directory, '.'), OPEN_TO_FLUSH, async (fd) => {
    try {
      await flush(fd)
    } catch (error) {
      if (errnoOf(error) !== 'EINVAL') throw error
    }
  })
}
