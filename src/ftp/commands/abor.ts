// RFC 959 section 4.1.3: ABOR. A running transfer was aborted when the line came in; here it gets its own answer.
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function abor(ftp: Ftp): Reply {
  ftp.data.reset()
  return reply(226, 'Nothing is being transferred now.')
}
