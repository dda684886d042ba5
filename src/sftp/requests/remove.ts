// draft-ietf-secsh-filexfer-02, section 6.5
import { ok, type Reply } from '../replies.ts'
import { type Request, readPath } from '../request.ts'

export async function remove(request: Request): Promise<Reply> {
  await request.context.files.remove(readPath(request))
  return ok(request.id)
}
