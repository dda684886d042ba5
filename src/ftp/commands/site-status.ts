// De facto: SITE STATUS; how this connection came in and what protects it.
import { FileServerError } from '../../core/errors.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function siteStatus(ftp: Ftp, argument: string): Reply {
  if (argument.trim() !== '') throw new FileServerError('protocol.syntax')
  const factors = ftp.login.session?.principal.factors ?? []
  const lines = [
    `Door: ${ftp.origin.door}`,
    `TLS: ${ftp.crypto() ?? 'none'}`,
    `Data connections: ${ftp.data.protection === 'P' ? 'TLS' : 'clear'}`,
    `Proven: ${factors.join(', ')}`,
  ]
  return reply(211, 'This connection:', ...lines.map((line) => ` ${line}`), 'End')
}
