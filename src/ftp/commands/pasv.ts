// RFC 959 section 4.1.2: PASV; IPv4 only.
import { isIPv4 } from 'node:net'
import { andThen, type MaybePromise } from '../../core/maybe-promise.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function pasv(ftp: Ftp): MaybePromise<Reply> {
  if (ftp.dialog.onlyEpsv) return reply(503, 'EPSV ALL was sent.')
  const { localIp } = ftp.origin
  if (!isIPv4(localIp)) return reply(425, 'PASV cannot name an IPv6 address; use EPSV.')
  const named = ftp.settings.passiveAddress(ftp.origin.remoteIp)
  if (named === undefined) return reply(425, 'The address is not known now; use EPSV.')
  const host = (named === 'own' ? localIp : named).replaceAll('.', ',')
  return andThen(ftp.data.listen(), (port) =>
    reply(227, `Entering Passive Mode (${host},${port >> 8},${port & 0xff}).`),
  )
}
