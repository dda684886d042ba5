// draft-peterson-streamlined-ftp-command-extensions section 3: CSID; says nothing about product or version.
import { type Reply, reply } from '../replies.ts'

export function csid(): Reply {
  return reply(200, 'CaseSensitive=1; DirSep=/;')
}
