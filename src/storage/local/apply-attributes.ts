import { fchmodSync, fstatSync, futimesSync } from 'node:fs'
import type { AttributeChanges } from '../../core/vfs/storage.ts'
import { MODE_BITS } from './entry.ts'
import { refusesAttributes } from './errno.ts'
import { fileTime } from './file-time.ts'

export type Attributes = Pick<AttributeChanges, 'mode' | 'mtimeMs' | 'atimeMs'>

/** False where that is refused: a file system without modes or times of its own, or a file of somebody else's. */
export function asFarAsAllowed(work: () => void): boolean {
  try {
    work()
    return true
  } catch (error) {
    if (!refusesAttributes(error)) throw error
    return false
  }
}

/** As `asFarAsAllowed`, without a closure: every small file comes here. */
function setMode(fd: number, mode: number): boolean {
  try {
    fchmodSync(fd, mode)
    return true
  } catch (error) {
    if (!refusesAttributes(error)) throw error
    return false
  }
}

/**
 * Sets what the client asked for; later than all writes, which would change the times again. False where that is refused:
 * the content that has come is worth more than they are.
 */
export function applyAttributes(fd: number, { mode, mtimeMs, atimeMs }: Attributes): boolean {
  const moded = mode === undefined || setMode(fd, mode & MODE_BITS)
  if (mtimeMs === undefined && atimeMs === undefined) return moded
  const now = fstatSync(fd)
  const [atime, mtime] = [fileTime(atimeMs ?? now.atimeMs), fileTime(mtimeMs ?? now.mtimeMs)]
  return asFarAsAllowed(() => futimesSync(fd, atime, mtime)) && moded
}
