// RFC 959 section 4.1.2: PORT; RFC 2577 section 3: to the client itself only.
import { FileServerError } from '../../core/errors.ts'
import type { ActiveTarget } from '../active.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function port(ftp: Ftp, argument: string): Reply {
  const numbers = argument.trim().split(',')
  if (numbers.length !== 6 || numbers.some((text) => !/^\d{1,3}$/.test(text) || Number(text) > 255))
    throw new FileServerError('protocol.syntax')
  const [high, low] = numbers.slice(4).map(Number)
  const host = numbers.slice(0, 4).map(Number).join('.')
  return setTarget(ftp, { host, port: (high ?? 0) * 256 + (low ?? 0) })
}

export function setTarget(ftp: Ftp, target: ActiveTarget): Reply {
  if (!ftp.settings.activeMode) return reply(502, 'Active mode is off; use PASV or EPSV.')
  if (ftp.dialog.onlyEpsv) return reply(503, 'EPSV ALL was sent.')
  return ftp.data.target(target) ? reply(200, 'Will connect there.') : reply(504, 'Only to your own address.')
}
