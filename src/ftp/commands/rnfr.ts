// RFC 959 section 4.1.3: RNFR.
import type { VfsSession } from '../../core/vfs/session.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export async function rnfr(ftp: Ftp, argument: string, files: VfsSession): Promise<Reply> {
  const path = files.resolve(ftp.dialog.cwd, argument)
  await files.lstat(path)
  ftp.dialog.renameFrom = path
  return reply(350, 'Now send RNTO.')
}
