// draft-ietf-secsh-filexfer-02, section 6.7
import { FileServerError } from '../../core/errors.ts'
import type { Entry } from '../../core/vfs/storage.ts'
import { attributeFields } from '../attrs.ts'
import { type Field, string } from '../codec.ts'
import type { DirectoryListing } from '../handles.ts'
import { MAX_NAMES_BYTES } from '../limits.ts'
import { endOfFile, names, type Reply } from '../replies.ts'
import type { Request } from '../request.ts'

/** One batch of the storage a reply, so that the first names go out before the last are read. */
export async function readdir({ id, body, context }: Request): Promise<Reply> {
  const open = context.handles.get(body.string())
  if (open.kind !== 'directory') throw new FileServerError('handle.invalid', 'not a directory handle')
  const entries = await nextEntries(open.listing)
  if (entries.length === 0) return endOfFile(id)
  const fields: Field[] = []
  let size = 0
  let count = 0
  for (const entry of entries) {
    const row = [string(entry.name), string(open.listing.longName(entry)), ...attributeFields(entry)]
    size += row.reduce((sum, field) => sum + field.size, 0)
    if (size > MAX_NAMES_BYTES && count > 0) break
    fields.push(...row)
    count += 1
  }
  open.listing.rest = entries.slice(count)
  return names(id, count, fields)
}

async function nextEntries(listing: DirectoryListing): Promise<readonly Entry[]> {
  while (listing.rest.length === 0) {
    const next = await listing.source.next()
    if (next.done === true) break
    listing.rest = next.value
  }
  return listing.rest
}
