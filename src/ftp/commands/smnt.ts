// RFC 959 section 4.1.1: SMNT, refused: mounts are the operator's.
import { type Reply, reply } from '../replies.ts'

export function smnt(): Reply {
  return reply(502, 'SMNT is not offered.')
}
