// draft-ietf-secsh-filexfer-02, section 6.8: STAT, LSTAT, FSTAT
import { attributes, type Reply } from '../replies.ts'
import { type Request, readPath } from '../request.ts'

export async function stat(request: Request): Promise<Reply> {
  return attributes(request.id, await request.context.files.stat(readPath(request)))
}

export async function lstat(request: Request): Promise<Reply> {
  return attributes(request.id, await request.context.files.lstat(readPath(request)))
}

export async function fstat({ id, body, context }: Request): Promise<Reply> {
  const open = context.handles.get(body.string())
  const entry = open.kind === 'directory' ? await context.files.stat(open.path) : await open.file.stat()
  return attributes(id, entry)
}
