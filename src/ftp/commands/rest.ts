// RFC 3659 section 5: REST in stream mode.
import { FileServerError } from '../../core/errors.ts'
import { parseOffset } from '../offsets.ts'
import { type Reply, reply } from '../replies.ts'
import { NO_RESTART, restartsText } from '../restart.ts'
import type { Ftp } from '../session.ts'

export function rest(ftp: Ftp, argument: string): Reply {
  const offset = parseOffset(argument.trim())
  if (offset === undefined) throw new FileServerError('protocol.syntax')
  if (restartsText({ ...ftp.dialog, restartAt: offset })) return NO_RESTART
  ftp.dialog.restartAt = offset
  return reply(350, `Restarting at ${offset}.`)
}
