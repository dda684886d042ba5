// RFC 959 section 4.1.1: ACCT; carries the verification code after 332.
import type { Reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function acct(ftp: Ftp, code: string): Promise<Reply> {
  return ftp.login.account(code)
}
