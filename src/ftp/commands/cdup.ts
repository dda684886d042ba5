// RFC 959 section 4.1.1: CDUP.
import type { VfsSession } from '../../core/vfs/session.ts'
import type { Reply } from '../replies.ts'
import type { Ftp } from '../session.ts'
import { cwd } from './cwd.ts'

export function cdup(ftp: Ftp, _argument: string, files: VfsSession): Promise<Reply> {
  return cwd(ftp, '..', files)
}
