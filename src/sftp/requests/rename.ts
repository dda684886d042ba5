// draft-ietf-secsh-filexfer-02, section 6.5; OpenSSH PROTOCOL, posix-rename@openssh.com
import { ok, type Reply } from '../replies.ts'
import { type Request, readPath } from '../request.ts'

async function move(request: Request, replace: boolean): Promise<Reply> {
  const from = readPath(request)
  const to = readPath(request)
  await request.context.files.rename(from, to, { replace })
  return ok(request.id)
}

/** Fails when the target exists; the draft has it so, and clients rely on it. */
export const rename = (request: Request): Promise<Reply> => move(request, false)

export const posixRename = (request: Request): Promise<Reply> => move(request, true)
