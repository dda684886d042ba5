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
  const size = payload.reduce((sum, piece) => sum + piece.length, 0)
  if (body.uint32() !== size) throw new FileServerError('protocol.syntax', 'payload of another length')
  const open = context.handles.get(name)
  if (open.kind !== 'write') throw new FileServerError('access.denied', 'handle is not open for writing')
  if (size === 0) return ok(id)
  const position = open.append ? open.file.size : offset
  if (!Number.isSafeInteger(position + size)) throw new FileServerError('transfer.bad-offset')
  const [first] = payload
  const done =
    payload.length === 1 && first !== undefined
      ? open.file.write(first, position)
      : open.file.writev(payload, position)
  return done === undefined ? ok(id) : done.then(() => ok(id))
}
