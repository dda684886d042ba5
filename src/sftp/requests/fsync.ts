// OpenSSH PROTOCOL, fsync@openssh.com
import { FileServerError } from '../../core/errors.ts'
import { ok, type Reply } from '../replies.ts'
import type { Request } from '../request.ts'

export async function fsync({ id, body, context }: Request): Promise<Reply> {
  const open = context.handles.get(body)
  if (open.kind === 'directory') throw new FileServerError('handle.invalid', 'fsync of a directory')
  if (open.kind === 'write') await open.file.sync()
  return ok(id)
}
