// De facto: CLNT tells the name of the client.
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function clnt(ftp: Ftp, name: string): Reply {
  ftp.logger.debug({ session: ftp.origin.session, client: name }, 'client told its name')
  return reply(200, 'Noted.')
}
