// RFC 959 section 4.1.3: ALLO.
import { FileServerError } from '../../core/errors.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function allo(_ftp: Ftp, argument: string): Reply {
  if (!/^\d+( R \d+)?$/i.test(argument.trim())) throw new FileServerError('protocol.syntax')
  return reply(202, 'No allocation needed.')
}
