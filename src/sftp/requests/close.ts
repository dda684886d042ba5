// draft-ietf-secsh-filexfer-02, section 6.3
import { andThen, type MaybePromise } from '../../core/maybe-promise.ts'
import type { OpenFile } from '../handles.ts'
import { ok, type Reply } from '../replies.ts'
import type { Request } from '../request.ts'

/** An upload appears under its name here; when it cannot, this status is where the client learns it. */
export function close({ id, body, context }: Request): MaybePromise<Reply> {
  return andThen(end(context.handles.remove(body)), () => ok(id))
}

function end(open: OpenFile): MaybePromise<unknown> {
  if (open.kind === 'read') return open.file.close()
  return open.kind === 'write' ? open.file.commit() : open.listing.source.return?.()
}
