// RFC 3659 section 7: MLST.
import type { VfsSession } from '../../core/vfs/session.ts'
import { createFactFormat } from '../facts.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export async function mlst(ftp: Ftp, argument: string, files: VfsSession): Promise<Reply> {
  const path = argument === '' ? ftp.dialog.cwd : files.resolve(ftp.dialog.cwd, argument)
  const entry = await files.stat(path)
  const line = createFactFormat(ftp.dialog.facts, files.permissions(path))(entry, path)
  return reply(250, 'Listing:', ` ${line}`, 'End')
}
