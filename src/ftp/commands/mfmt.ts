// draft-somers-ftp-mfxx section 3: MFMT.
import { FileServerError } from '../../core/errors.ts'
import type { VfsSession } from '../../core/vfs/session.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'
import { formatTime, parseTime } from '../times.ts'

export async function mfmt(ftp: Ftp, argument: string, files: VfsSession): Promise<Reply> {
  const space = argument.indexOf(' ')
  const name = argument.slice(space + 1)
  const mtimeMs = parseTime(argument.slice(0, Math.max(space, 0)))
  if (mtimeMs === undefined || name === '') throw new FileServerError('protocol.syntax')
  await files.setAttributes(files.resolve(ftp.dialog.cwd, name), { mtimeMs })
  return reply(213, `Modify=${formatTime(mtimeMs)}; ${name}`)
}
