// RFC 959 section 4.1.3: SYST; clients choose their LIST parser by it.
import { type Reply, reply } from '../replies.ts'

export function syst(): Reply {
  return reply(215, 'UNIX Type: L8')
}
