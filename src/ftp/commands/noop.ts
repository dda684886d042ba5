// RFC 959 section 4.1.3: NOOP.
import { type Reply, reply } from '../replies.ts'

export function noop(): Reply {
  return reply(200, 'OK.')
}
