// RFC 959 section 4.1.1: PASS.
import type { Reply } from '../replies.ts'
import type { Ftp } from '../session.ts'
import { welcomed } from '../welcome.ts'

export async function pass(ftp: Ftp, secret: string): Promise<Reply> {
  return welcomed(ftp, await ftp.login.password(secret))
}
