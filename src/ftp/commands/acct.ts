// RFC 959 section 4.1.1: ACCT; carries the verification code after 332.
import type { Reply } from '../replies.ts'
import type { Ftp } from '../session.ts'
import { welcomed } from '../welcome.ts'

export async function acct(ftp: Ftp, code: string): Promise<Reply> {
  return welcomed(ftp, await ftp.login.account(code))
}
