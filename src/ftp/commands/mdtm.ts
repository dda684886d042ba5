// RFC 3659 section 3: MDTM; with a time in front it sets the time, as several clients do.
import { errorCodeOf } from '../../core/errors.ts'
import type { VirtualPath } from '../../core/vfs/path.ts'
import type { VfsSession } from '../../core/vfs/session.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'
import { formatTime } from '../times.ts'
import { mfmt } from './mfmt.ts'

export async function mdtm(ftp: Ftp, argument: string, files: VfsSession): Promise<Reply> {
  const mtimeMs = await modified(files, files.resolve(ftp.dialog.cwd, argument))
  if (mtimeMs !== undefined) return reply(213, formatTime(mtimeMs))
  if (/^\d{14}(\.\d+)? ./.test(argument)) return mfmt(ftp, argument, files)
  return reply(550, 'No such file or directory.')
}

async function modified(files: VfsSession, path: VirtualPath): Promise<number | undefined> {
  try {
    return (await files.stat(path)).mtimeMs
  } catch (error) {
    if (errorCodeOf(error) === 'path.not-found') return undefined
    throw error
  }
}
