// RFC 2428 section 3: EPSV.
import { isIPv4 } from 'node:net'
import { FileServerError } from '../../core/errors.ts'
import { andThen, type MaybePromise } from '../../core/maybe-promise.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function epsv(ftp: Ftp, argument: string): MaybePromise<Reply> {
  if (argument !== '') {
    const wanted = argument.trim().toUpperCase()
    if (wanted === 'ALL') {
      ftp.dialog.onlyEpsv = true
      return reply(200, 'Only EPSV from now on.')
    }
    if (wanted !== '' && !/^\d+$/.test(wanted)) throw new FileServerError('protocol.syntax')
    const family = isIPv4(ftp.origin.localIp) ? '1' : '2'
    if (wanted !== '' && wanted !== family)
      return reply(522, `Network protocol not supported, use (${family})`)
  }
  return andThen(ftp.data.listen(), (port) => reply(229, `Entering Extended Passive Mode (|||${port}|)`))
}
