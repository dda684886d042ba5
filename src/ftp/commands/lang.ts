// RFC 2640 section 4.1: LANG.
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function lang(_ftp: Ftp, tag: string): Reply {
  return /^(en(-[a-z]+)?)?$/i.test(tag.trim())
    ? reply(200, 'Replies are in English.')
    : reply(504, 'Only EN.')
}
