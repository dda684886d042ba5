// draft-ietf-secsh-filexfer-02, section 6.8: STAT, LSTAT, FSTAT
import { andThen, type MaybePromise } from '../../core/maybe-promise.ts'
import { attributes, type Reply } from '../replies.ts'
import { type Request, readPath } from '../request.ts'

export function stat(request: Request): MaybePromise<Reply> {
  return andThen(request.context.files.stat(readPath(request)), (entry) => attributes(request.id, entry))
}

export function lstat(request: Request): MaybePromise<Reply> {
  return andThen(request.context.files.lstat(readPath(request)), (entry) => attributes(request.id, entry))
}

export function fstat({ id, body, context }: Request): MaybePromise<Reply> {
  const open = context.handles.get(body)
  const looking = open.kind === 'directory' ? context.files.stat(open.path) : open.file.stat()
  return andThen(looking, (entry) => attributes(id, entry))
}
