// RFC 4217 section 12.3: CCC, refused: what follows would be readable and open to injection.
import { type Reply, reply } from '../replies.ts'

export function ccc(): Reply {
  return reply(534, 'The control connection stays encrypted.')
}
