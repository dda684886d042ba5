// RFC 4217 section 8: PBSZ.
import { FileServerError } from '../../core/errors.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function pbsz(ftp: Ftp, argument: string): Reply {
  if (!ftp.origin.encrypted) return reply(503, 'Use AUTH TLS first.')
  if (!/^\d{1,10}$/.test(argument.trim())) throw new FileServerError('protocol.syntax')
  ftp.data.bufferSizeAgreed = true
  return reply(200, 'PBSZ=0')
}
