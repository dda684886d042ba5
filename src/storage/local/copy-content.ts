import { constants, copyFile, ftruncate, read } from 'node:fs'
import { promisify } from 'node:util'
import { writeAll } from './file-io.ts'
import { self } from './proc.ts'

/** One hop to the disk each way; what is empty is looked for in pieces of this size. */
const PIECE = 1024 * 1024
const EMPTY = Buffer.alloc(PIECE)

const copy = promisify(copyFile)
const readPiece = promisify(read)
const truncate = promisify(ftruncate)

/** Makes `target` share the blocks of the open file. False, and nothing is made, where the file system can't, or refuses. */
export async function cloneContent(from: number, target: string): Promise<boolean> {
  try {
    await copy(self(from), target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE)
    return true
  } catch {
    return false
  }
}

/**
 * Copies what one open file has into another, which is empty. Empty pieces stay holes: a file that was only said to be long
 * would fill the disk as a copy.
 */
export async function copyContent(from: number, to: number): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(PIECE)
  let position = 0
  for (;;) {
    const { bytesRead } = await readPiece(from, buffer, 0, PIECE, position)
    if (bytesRead === 0) break
    const piece = buffer.subarray(0, bytesRead)
    if (!piece.equals(EMPTY.subarray(0, bytesRead))) await writeAll(to, [piece], position, bytesRead)
    position += bytesRead
  }
  await truncate(to, position)
}
