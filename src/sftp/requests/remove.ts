// draft-ietf-secsh-filexfer-02, section 6.5
import { andThen, type MaybePromise } from '../../core/maybe-promise.ts'
import { ok, type Reply } from '../replies.ts'
import { type Request, readPath } from '../request.ts'

export function remove(request: Request): MaybePromise<Reply> {
  return andThen(request.context.files.remove(readPath(request)), () => ok(request.id))
}
