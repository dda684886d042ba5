// RFC 959 section 4.1.1: REIN; TLS stays.
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export async function rein(ftp: Ftp): Promise<Reply> {
  await ftp.restart()
  await ftp.chooseHost(undefined)
  return reply(220, 'Ready for a new user.')
}
