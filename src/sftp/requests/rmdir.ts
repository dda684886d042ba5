// draft-ietf-secsh-filexfer-02, section 6.6
import { ok, type Reply } from '../replies.ts'
import { type Request, readPath } from '../request.ts'

export async function rmdir(request: Request): Promise<Reply> {
  await request.context.files.rmdir(readPath(request))
  return ok(request.id)
}
