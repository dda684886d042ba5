// RFC 959 section 4.1.2: MODE; only the stream mode.
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function mode(_ftp: Ftp, argument: string): Reply {
  return argument.trim().toUpperCase() === 'S' ? reply(200, 'Mode is S.') : reply(504, 'Only MODE S.')
}
