// RFC 959 section 4.1.3: RETR.
import { andThen, type MaybePromise } from '../../core/maybe-promise.ts'
import type { VfsSession } from '../../core/vfs/session.ts'
import type { Reply } from '../replies.ts'
import { NO_RESTART, restartsText } from '../restart.ts'
import type { Ftp, Transfer } from '../session.ts'
import { DONE, sendFile } from '../transfers.ts'

export function retr(ftp: Ftp, argument: string, files: VfsSession, transfer: Transfer): MaybePromise<Reply> {
  if (restartsText(ftp.dialog)) return NO_RESTART
  const sending = sendFile({ ftp, transfer }, files, files.resolve(ftp.dialog.cwd, argument))
  return andThen(sending, () => DONE)
}
