// RFC 959 section 4.1.1: CWD.
import { FileServerError } from '../../core/errors.ts'
import type { VfsSession } from '../../core/vfs/session.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export async function cwd(ftp: Ftp, argument: string, files: VfsSession): Promise<Reply> {
  const path = files.resolve(ftp.dialog.cwd, argument)
  const { kind } = await files.stat(path)
  if (kind !== 'directory') throw new FileServerError('path.not-directory')
  ftp.dialog.cwd = path
  return reply(250, 'Directory changed.')
}
