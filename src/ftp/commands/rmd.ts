// RFC 959 section 4.1.3: RMD.
import type { VfsSession } from '../../core/vfs/session.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export async function rmd(ftp: Ftp, argument: string, files: VfsSession): Promise<Reply> {
  await files.rmdir(files.resolve(ftp.dialog.cwd, argument))
  return reply(250, 'Removed.')
}
