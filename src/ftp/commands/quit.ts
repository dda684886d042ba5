// RFC 959 section 4.1.1: QUIT; a running transfer ends first.
import { closing, type Reply } from '../replies.ts'

export function quit(): Reply {
  return closing(221, 'Goodbye.')
}
