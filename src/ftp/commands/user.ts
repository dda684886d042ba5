// RFC 959 section 4.1.1: USER.
import type { Reply } from '../replies.ts'
import type { Ftp } from '../session.ts'
import { welcomed } from '../welcome.ts'

export async function user(ftp: Ftp, name: string): Promise<Reply> {
  return welcomed(ftp, await ftp.login.user(name))
}
