import { FileServerError } from '../errors.ts'
import type { MaybePromise } from '../maybe-promise.ts'
import type { ReadHandle } from '../vfs/storage.ts'

/** Bytes that one session reads and works on before others get their turn. */
const TURN_BYTES = 256 * 1024

export type ByteRange = Readonly<{
  from: number
  /** The first byte that does not count. */
  to: number
}>

/**
 * Reads all of a range in order, for whoever works on content without sending it: digests, copies. `piece` gets memory
 * that is used again when it is done. `check` is asked before each piece; what it throws ends the work. storage.busy
 * when the content is cut short meanwhile.
 */
export async function readRange(
  source: Pick<ReadHandle, 'read'>,
  range: ByteRange,
  check: () => void,
  piece: (bytes: Uint8Array, position: number) => MaybePromise<void>,
): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(TURN_BYTES, range.to - range.from))
  let position = range.from
  let turn = TURN_BYTES
  while (position < range.to) {
    check()
    const bytes = await source.read(buffer.subarray(0, range.to - position), position)
    // Cut while it was being read: what is left was never anybody's content.
    if (bytes === 0) throw new FileServerError('storage.busy')
    await piece(buffer.subarray(0, bytes), position)
    position += bytes
    turn -= bytes
    if (turn > 0) continue
    turn = TURN_BYTES
    await new Promise((resolve) => setImmediate(resolve))
  }
  check()
}
