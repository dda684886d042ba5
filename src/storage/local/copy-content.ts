import { constants, copyFile, ftruncate, read } from 'node:fs'
import { promisify } from 'node:util'
import type { UserId } from '../../core/identity.ts'
import type { Patience } from '../../core/vfs/storage.ts'
import { requirePatience } from '../patience.ts'
import type { CopyTurns } from './copy-turns.ts'
import { writeAll } from './file-io.ts'
import { self } from './proc.ts'

/** One hop to the disk each way; what is empty is looked for in pieces of this size. */
const PIECE = 1024 * 1024
const EMPTY = Buffer.alloc(PIECE)
/** Copied before it is another's turn. */
const TURN_BYTES = 32 * PIECE

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

export type Copying = Readonly<{
  from: number
  /** Empty. */
  to: number
  /** Bytes that are wanted. */
  size: number
  owner: UserId
  patience: Patience | undefined
}>

/**
 * Copies what one open file has into another; gives the bytes that it then has, less when the file was cut meanwhile.
 * Empty pieces stay holes: a file that was only said to be long would fill the disk as a copy.
 */
export async function copyContent(
  { from, to, size, owner, patience }: Copying,
  turns: CopyTurns,
): Promise<number> {
  let end = size
  let position = 0
  let written = 0
  const piece = async (buffer: Buffer): Promise<void> => {
    const { bytesRead } = await readPiece(from, buffer, 0, Math.min(PIECE, end - position), position)
    if (bytesRead === 0) end = position
    const bytes = buffer.subarray(0, bytesRead)
    if (!bytes.equals(EMPTY.subarray(0, bytesRead))) {
      await writeAll(to, [bytes], position, bytesRead)
      written = position + bytesRead
    }
    position += bytesRead
  }
  const step = async (): Promise<boolean> => {
    const buffer = Buffer.allocUnsafeSlow(Math.min(PIECE, end - position))
    const until = position + TURN_BYTES
    while (position < end && position < until) {
      requirePatience(patience)
      await piece(buffer)
    }
    return position < end
  }
  // What is one piece costs no more than any other read and write.
  if (size > PIECE) await turns.run(owner, patience, step)
  else await step()
  if (written < position) await truncate(to, position)
  return position
}
