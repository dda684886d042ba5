// RFC 959 section 4.1.3 and RFC 1123 section 4.1.2.9: STOU names the file in its 150.
import { randomBytes } from 'node:crypto'
import { errorCodeOf } from '../../core/errors.ts'
import type { VfsSession } from '../../core/vfs/session.ts'
import type { WriteHandle } from '../../core/vfs/storage.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp, Transfer } from '../session.ts'
import { receiveFile } from '../transfers.ts'

const TRIES = 4

export async function stou(
  ftp: Ftp,
  argument: string,
  files: VfsSession,
  transfer: Transfer,
): Promise<Reply> {
  const base = argument === '' ? 'file' : argument
  const { name, target } = await openUnique(ftp, base, { files, transfer })
  await receiveFile({ ftp, transfer, opening: reply(150, `FILE: ${name}`) }, target, 0)
  return reply(226, `Transfer complete, unique file name: ${name}`)
}

async function openUnique(
  ftp: Ftp,
  base: string,
  { files, transfer }: { files: VfsSession; transfer: Transfer },
): Promise<{ name: string; target: WriteHandle }> {
  for (let tried = 1; ; tried += 1) {
    const name = `${base}.${randomBytes(6).toString('hex')}`
    try {
      const path = files.resolve(ftp.dialog.cwd, name)
      return {
        name,
        target: await files.openWrite(path, { start: 'empty', create: true, exclusive: true }, transfer),
      }
    } catch (error) {
      if (errorCodeOf(error) !== 'path.exists' || tried === TRIES) throw error
    }
  }
}
