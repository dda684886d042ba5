// draft-ietf-secsh-filexfer-02, section 6.4
import { FileServerError } from '../../core/errors.ts'
import type { MaybePromise } from '../../core/maybe-promise.ts'
import { known } from '../handles.ts'
import { ok, type Reply } from '../replies.ts'
import type { Request } from '../request.ts'

/** The bytes stay where they arrived until the file has them; see WriteQueue for how they get there. */
export function write({ id, body, context }: Request): MaybePromise<Reply> {
  const found = context.handles.find(body)
  const offset = body.uint64()
  // Go's sftp package sends more than it says: what is behind the data does not count.
  const payload = body.string()
  const open = known(found)
  if (open.kind !== 'write') throw new FileServerError('access.denied', 'handle is not open for writing')
  if (payload.length === 0) return ok(id)
  const position = open.append ? open.queue.end : offset
  if (!Number.isSafeInteger(position + payload.length)) throw new FileServerError('transfer.bad-offset')
  const done = open.queue.write(payload, position, context.moreComing())
  if (done === undefined) return ok(id)
  context.atTurnEnd(open.queue)
  return done.then(() => ok(id))
}
