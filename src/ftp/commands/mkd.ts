// RFC 959 section 4.1.3: MKD.
import type { VfsSession } from '../../core/vfs/session.ts'
import { quoted, type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export async function mkd(ftp: Ftp, argument: string, files: VfsSession): Promise<Reply> {
  const path = files.resolve(ftp.dialog.cwd, argument)
  await files.mkdir(path)
  return reply(257, `${quoted(path)} created.`)
}
