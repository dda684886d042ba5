// RFC 3659 section 4: SIZE; in TYPE A it would cost a conversion of the whole file, and is refused.
import type { VfsSession } from '../../core/vfs/session.ts'
import { requireRegularFile } from '../regular-file.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

/** FluentFTP knows by these words to ask again in TYPE I. */
const NOT_IN_ASCII = reply(550, 'SIZE not allowed in ASCII mode; use TYPE I.')

export async function size(ftp: Ftp, argument: string, files: VfsSession): Promise<Reply> {
  if (ftp.dialog.type === 'A') return NOT_IN_ASCII
  const entry = await files.stat(files.resolve(ftp.dialog.cwd, argument))
  requireRegularFile(entry)
  return reply(213, String(entry.size))
}
