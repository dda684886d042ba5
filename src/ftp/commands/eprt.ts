// RFC 2428 section 2: EPRT.
import { isIPv4, isIPv6 } from 'node:net'
import { FileServerError } from '../../core/errors.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'
import { setTarget } from './port.ts'

export function eprt(ftp: Ftp, argument: string): Reply {
  const text = argument.trim()
  const parts = text.split(text.charAt(0))
  const [before, family, host, port, after] = parts
  if (parts.length !== 5 || before !== '' || after !== '') throw new FileServerError('protocol.syntax')
  if (host === undefined || !/^\d{1,5}$/.test(port ?? '')) throw new FileServerError('protocol.syntax')
  if (family !== '1' && family !== '2') return reply(522, 'Network protocol not supported, use (1,2)')
  if (!(family === '1' ? isIPv4(host) : isIPv6(host))) throw new FileServerError('protocol.syntax')
  return setTarget(ftp, { host, port: Number(port) })
}
