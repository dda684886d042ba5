// De facto: SITE UTIME <time> <path>, or <path> <atime> <mtime> <ctime> UTC.
import { FileServerError } from '../../core/errors.ts'
import type { VfsSession } from '../../core/vfs/session.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'
import { parseTime } from '../times.ts'

export async function siteUtime(ftp: Ftp, argument: string, files: VfsSession): Promise<Reply> {
  const short = /^(\d{12}|\d{14}) (.+)$/s.exec(argument)
  const long = /^(.+) (\d{14}) (\d{14}) \d{14} UTC$/s.exec(argument)
  const [name, modified, accessed] = long?.[1]
    ? [long[1], long[3], long[2]]
    : [short?.[2], short?.[1], undefined]
  const mtimeMs = parseTime(modified?.padEnd(14, '0') ?? '')
  const atimeMs = accessed === undefined ? undefined : parseTime(accessed)
  if (name === undefined || mtimeMs === undefined) throw new FileServerError('protocol.syntax')
  const changes = atimeMs === undefined ? { mtimeMs } : { mtimeMs, atimeMs }
  await files.setAttributes(files.resolve(ftp.dialog.cwd, name), changes)
  return reply(200, 'Time changed.')
}
