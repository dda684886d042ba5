// De facto: SITE NAMEFMT [0 | 1]; clients on IBM i ask for paths (1) in place of library names (0) by it.
import { FileServerError } from '../../core/errors.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function siteNamefmt(_ftp: Ftp, argument: string): Reply {
  switch (argument.trim()) {
    case '':
    case '1':
      return reply(200, 'Naming format is 1.')
    case '0':
      return reply(504, 'Only NAMEFMT 1.')
    default:
      throw new FileServerError('protocol.syntax')
  }
}
