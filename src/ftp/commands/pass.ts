// RFC 959 section 4.1.1: PASS.
import type { Reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function pass(ftp: Ftp, secret: string): Promise<Reply> {
  return ftp.login.password(secret)
}
