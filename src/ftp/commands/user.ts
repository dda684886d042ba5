// RFC 959 section 4.1.1: USER.
import type { Reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function user(ftp: Ftp, name: string): Promise<Reply> {
  return ftp.login.user(name)
}
