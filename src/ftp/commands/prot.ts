// RFC 4217 section 9: PROT.
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function prot(ftp: Ftp, argument: string): Reply {
  if (!ftp.origin.encrypted) return reply(503, 'Use AUTH TLS first.')
  if (!ftp.data.bufferSizeAgreed) return reply(503, 'Send PBSZ first.')
  switch (argument.trim().toUpperCase()) {
    case 'P':
      ftp.data.protection = 'P'
      return reply(200, 'Data connections are encrypted.')
    case 'C':
      return reply(534, 'Data connections must be encrypted.')
    case 'S':
    case 'E':
      return reply(536, 'Only PROT P.')
    default:
      return reply(504, 'Unknown protection level.')
  }
}
