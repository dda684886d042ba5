// RFC 959 section 4.1.3: STOR; RFC 3659 section 5: after REST it goes on at the offset.
import { FileServerError } from '../../core/errors.ts'
import type { VirtualPath } from '../../core/vfs/path.ts'
import type { VfsSession } from '../../core/vfs/session.ts'
import type { WriteHandle } from '../../core/vfs/storage.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp, Transfer } from '../session.ts'
import { DONE, receiveFile } from '../transfers.ts'

export async function stor(
  ftp: Ftp,
  argument: string,
  files: VfsSession,
  transfer: Transfer,
): Promise<Reply> {
  const path = files.resolve(ftp.dialog.cwd, argument)
  const at = ftp.dialog.restartAt
  const target =
    at > 0
      ? await openAt(files, path, { at, transfer })
      : await files.openWrite(path, { start: 'empty', create: true, exclusive: false }, transfer)
  await receiveFile({ ftp, transfer, opening: reply(150, 'Ready to receive.') }, target, at)
  return DONE
}

async function openAt(
  files: VfsSession,
  path: VirtualPath,
  { at, transfer }: { at: number; transfer: Transfer },
): Promise<WriteHandle> {
  // Asked before the file is opened, so that a wrong offset leaves no partial behind.
  const { size } = await files.stat(path)
  if (at > size) throw new FileServerError('transfer.bad-offset')
  const target = await files.openWrite(path, { start: 'current', create: true, exclusive: false }, transfer)
  try {
    if (at > target.size) throw new FileServerError('transfer.bad-offset')
    if (at < target.size) await target.setAttributes({ size: at })
  } catch (error) {
    await target.abort()
    throw error
  }
  return target
}
