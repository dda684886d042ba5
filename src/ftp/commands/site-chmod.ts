// De facto: SITE CHMOD <octal mode> <path>.
import { FileServerError } from '../../core/errors.ts'
import type { VfsSession } from '../../core/vfs/session.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export async function siteChmod(ftp: Ftp, argument: string, files: VfsSession): Promise<Reply> {
  const match = /^([0-7]{3,4}) (.+)$/s.exec(argument)
  if (match?.[1] === undefined || match[2] === undefined) throw new FileServerError('protocol.syntax')
  // Set-id and sticky bits are not for the wire to set.
  const mode = Number.parseInt(match[1], 8) & 0o777
  await files.setAttributes(files.resolve(ftp.dialog.cwd, match[2]), { mode })
  return reply(200, 'Mode changed.')
}
