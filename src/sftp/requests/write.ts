// draft-ietf-secsh-filexfer-02, section 6.4
import { FileServerError } from '../../core/errors.ts'
import type { MaybePromise } from '../../core/vfs/storage.ts'
import { ok, type Reply } from '../replies.ts'
import type { Request } from '../request.ts'

/** Length of a WRITE before its payload, the handle's bytes not counted: id, two lengths and the offset. */
export const WRITE_HEADER = 20

/** The payload goes to the file in the pieces in which it came; putting them together first would copy every byte. */
export function write({ id, body, payload, context }: Request): MaybePromise<Reply> {
  const name = body.string()
  const offset = body.uint64()
  const size = body.uint32()
  const pieces = firstBytes(payload, size)
  const open = context.handles.get(name)
  if (open.kind !== 'write') throw new FileServerError('access.denied', 'handle is not open for writing')
  if (size === 0) return ok(id)
  const position = open.append ? open.file.size : offset
  if (!Number.isSafeInteger(position + size)) throw new FileServerError('transfer.bad-offset')
  const [first] = pieces
  const done =
    pieces.length === 1 && first !== undefined
      ? open.file.write(first, position)
      : open.file.writev(pieces, position)
  return done === undefined ? ok(id) : done.then(() => ok(id))
}

/** Go's sftp package sends more than it says: what is behind the data does not count. */
function firstBytes(payload: readonly Buffer[], size: number): readonly Buffer[] {
  let left = size
  const pieces: Buffer[] = []
  for (const piece of payload) {
    if (left === 0) break
    pieces.push(piece.length > left ? piece.subarray(0, left) : piece)
    left -= Math.min(left, piece.length)
  }
  if (left > 0) throw new FileServerError('protocol.syntax', 'payload shorter than it says')
  return pieces
}
