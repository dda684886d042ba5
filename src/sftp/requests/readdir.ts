// draft-ietf-secsh-filexfer-02, section 6.7
import { FileServerError } from '../../core/errors.ts'
import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { Entry } from '../../core/vfs/storage.ts'
import type { DirectoryListing } from '../handles.ts'
import { namesReply } from '../names.ts'
import { endOfFile, type Reply } from '../replies.ts'
import type { Request } from '../request.ts'

/** One batch of the storage a reply, so that the first names go out before the last are read. */
export function readdir({ id, body, context }: Request): MaybePromise<Reply> {
  const open = context.handles.get(body)
  if (open.kind !== 'directory') throw new FileServerError('handle.invalid', 'not a directory handle')
  const { listing } = open
  const answer = (entries: readonly Entry[]): Reply => {
    if (entries.length === 0) return endOfFile(id)
    const { reply, count } = namesReply(id, entries, listing.headOf, context.pool)
    listing.rest = entries.slice(count)
    return reply
  }
  return listing.rest.length > 0 ? answer(listing.rest) : nextEntries(listing).then(answer)
}

async function nextEntries({ source }: DirectoryListing): Promise<readonly Entry[]> {
  for (;;) {
    const next = await source.next()
    if (next.done === true) return []
    if (next.value.length > 0) return next.value
  }
}
