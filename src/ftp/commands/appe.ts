// RFC 959 section 4.1.3: APPE.
import type { VfsSession } from '../../core/vfs/session.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp, Transfer } from '../session.ts'
import { receiveFile } from '../transfers.ts'

export async function appe(
  ftp: Ftp,
  argument: string,
  files: VfsSession,
  transfer: Transfer,
): Promise<Reply> {
  const path = files.resolve(ftp.dialog.cwd, argument)
  const target = await files.openWrite(path, { start: 'current', create: true, exclusive: false }, transfer)
  const opening = reply(150, 'Ready to append.')
  return receiveFile({ ftp, transfer, opening }, target, target.size)
}
