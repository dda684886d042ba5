// RFC 959 section 4.1.2: STRU; only files.
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function stru(_ftp: Ftp, argument: string): Reply {
  return argument.trim().toUpperCase() === 'F' ? reply(200, 'Structure is F.') : reply(504, 'Only STRU F.')
}
