// draft-ietf-secsh-filexfer-02, section 6.3
import { ok, type Reply } from '../replies.ts'
import type { Request } from '../request.ts'

/** An upload appears under its name here; when it cannot, this status is where the client learns it. */
export async function close({ id, body, context }: Request): Promise<Reply> {
  const open = context.handles.remove(body.string())
  if (open.kind === 'read') await open.file.close()
  else if (open.kind === 'write') await open.file.commit()
  else await open.listing.source.return?.()
  return ok(id)
}
