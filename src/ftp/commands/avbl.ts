// draft-peterson-streamlined-ftp-command-extensions section 4: AVBL.
import type { VfsSession } from '../../core/vfs/session.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export async function avbl(ftp: Ftp, argument: string, files: VfsSession): Promise<Reply> {
  const path = argument === '' ? ftp.dialog.cwd : files.resolve(ftp.dialog.cwd, argument)
  const { availableBytes } = await files.space(path)
  return reply(213, String(availableBytes))
}
