// RFC 3659 section 4: SIZE; in TYPE A it would cost a conversion of the whole file, and is refused.
import { FileServerError } from '../../core/errors.ts'
import type { VfsSession } from '../../core/vfs/session.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export async function size(ftp: Ftp, argument: string, files: VfsSession): Promise<Reply> {
  if (ftp.dialog.type === 'A') return reply(550, 'SIZE needs TYPE I.')
  const entry = await files.stat(files.resolve(ftp.dialog.cwd, argument))
  if (entry.kind === 'directory') throw new FileServerError('path.is-directory')
  // What RETR does not send has no size that it would send.
  if (entry.kind !== 'file') throw new FileServerError('storage.unsupported')
  return reply(213, String(entry.size))
}
