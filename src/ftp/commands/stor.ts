// RFC 959 section 4.1.3: STOR; RFC 3659 section 5: after REST it goes on at the offset.
import { FileServerError } from '../../core/errors.ts'
import { andThen, type MaybePromise } from '../../core/maybe-promise.ts'
import type { VirtualPath } from '../../core/vfs/path.ts'
import type { OpenWriteOptions, VfsSession } from '../../core/vfs/session.ts'
import type { WriteHandle } from '../../core/vfs/storage.ts'
import { type Reply, reply } from '../replies.ts'
import { NO_RESTART, restartsText } from '../restart.ts'
import type { Ftp, Transfer } from '../session.ts'
import { receiveFile } from '../transfers.ts'

const READY = reply(150, 'Ready to receive.')
const ANEW: OpenWriteOptions = { start: 'empty', create: true, exclusive: false }

export function stor(ftp: Ftp, argument: string, files: VfsSession, transfer: Transfer): MaybePromise<Reply> {
  if (restartsText(ftp.dialog)) return NO_RESTART
  const path = files.resolve(ftp.dialog.cwd, argument)
  const at = ftp.dialog.restartAt
  const opening = at > 0 ? openAt(files, path, { at, transfer }) : files.openWrite(path, ANEW, transfer)
  return andThen(opening, (target) => receiveFile({ ftp, transfer, opening: READY }, target, at))
}

async function openAt(
  files: VfsSession,
  path: VirtualPath,
  { at, transfer }: { at: number; transfer: Transfer },
): Promise<WriteHandle> {
  // Asked before the file is opened, so that a wrong offset leaves no partial behind.
  const { size } = await files.stat(path)
  if (at > size) throw new FileServerError('transfer.bad-offset')
  const target = await files.openWrite(path, { ...ANEW, start: 'current', upTo: at }, transfer)
  try {
    if (at > target.size) throw new FileServerError('transfer.bad-offset')
    if (at < target.size) await target.setAttributes({ size: at })
  } catch (error) {
    await target.abort()
    throw error
  }
  return target
}
