// RFC 959 section 4.1.3: DELE.
import { andThen, type MaybePromise } from '../../core/maybe-promise.ts'
import type { VfsSession } from '../../core/vfs/session.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

const DELETED = reply(250, 'Deleted.')

export function dele(ftp: Ftp, argument: string, files: VfsSession): MaybePromise<Reply> {
  return andThen(files.remove(files.resolve(ftp.dialog.cwd, argument)), () => DELETED)
}
