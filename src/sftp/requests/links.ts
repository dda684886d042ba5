// draft-ietf-secsh-filexfer-02, section 6.10: READLINK, SYMLINK; OpenSSH PROTOCOL, hardlink@openssh.com
import { ok, oneName, type Reply } from '../replies.ts'
import { type Request, readPath } from '../request.ts'

export async function readlink(request: Request): Promise<Reply> {
  return oneName(request.id, await request.context.files.readLink(readPath(request)))
}

/** The target comes first, as OpenSSH sends it and not as the draft says: every client follows OpenSSH. */
export async function symlink(request: Request): Promise<Reply> {
  const target = request.body.text()
  await request.context.files.symbolicLink(target, readPath(request))
  return ok(request.id)
}

export async function hardlink(request: Request): Promise<Reply> {
  const from = readPath(request)
  const to = readPath(request)
  await request.context.files.hardLink(from, to)
  return ok(request.id)
}
