// draft-ietf-secsh-filexfer-02, section 6.9: SETSTAT, FSETSTAT; OpenSSH PROTOCOL, lsetstat@openssh.com
import { requestedChanges } from '../attrs.ts'
import { ok, type Reply } from '../replies.ts'
import { type Request, readPath } from '../request.ts'

async function change(request: Request, follow: boolean): Promise<Reply> {
  const path = readPath(request)
  const changes = requestedChanges(request.body)
  if (Object.keys(changes).length > 0) await request.context.files.setAttributes(path, changes, { follow })
  return ok(request.id)
}

export const setstat = (request: Request): Promise<Reply> => change(request, true)

export const lsetstat = (request: Request): Promise<Reply> => change(request, false)

export async function fsetstat({ id, body, context }: Request): Promise<Reply> {
  const open = context.handles.get(body)
  const changes = requestedChanges(body)
  if (Object.keys(changes).length === 0) return ok(id)
  if (open.kind === 'write') await open.file.setAttributes(changes)
  else await context.files.setAttributes(open.path, changes)
  return ok(id)
}
