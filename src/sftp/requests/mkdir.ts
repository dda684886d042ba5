// draft-ietf-secsh-filexfer-02, section 6.6
import { readAttributes } from '../attrs.ts'
import { ok, type Reply } from '../replies.ts'
import { type Request, readPath } from '../request.ts'

export async function mkdir(request: Request): Promise<Reply> {
  const path = readPath(request)
  readAttributes(request.body)
  await request.context.files.mkdir(path)
  return ok(request.id)
}
