// RFC 959 section 4.1.1: QUIT; a running transfer ends first.
import { closing, type Reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export function quit({ settings }: Ftp): Reply {
  return closing(221, ...settings.goodbye)
}
