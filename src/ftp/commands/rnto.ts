// RFC 959 section 4.1.3: RNTO.
import { FileServerError } from '../../core/errors.ts'
import type { VfsSession } from '../../core/vfs/session.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export async function rnto(ftp: Ftp, argument: string, files: VfsSession): Promise<Reply> {
  const from = ftp.dialog.renameFrom
  if (from === undefined) throw new FileServerError('protocol.sequence')
  await files.rename(from, files.resolve(ftp.dialog.cwd, argument), { replace: true })
  return reply(250, 'Renamed.')
}
