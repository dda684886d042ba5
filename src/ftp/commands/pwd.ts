// RFC 959 section 4.1.3: PWD.
import { quoted, type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function pwd(ftp: Ftp): Reply {
  return reply(257, `${quoted(ftp.dialog.cwd)} is the current directory.`)
}
