// RFC 3659 section 3: MDTM, of files alone: clients ask by it whether there is one. With a time in front it sets the time, as
// several clients do.
import { errorCodeOf } from '../../core/errors.ts'
import type { VfsSession } from '../../core/vfs/session.ts'
import { requireRegularFile } from '../regular-file.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'
import { formatTime } from '../times.ts'
import { mfmt } from './mfmt.ts'

const TIME_AND_NAME = /^\d{14}(?:\.\d+)? ./s

export async function mdtm(ftp: Ftp, argument: string, files: VfsSession): Promise<Reply> {
  try {
    const entry = await files.stat(files.resolve(ftp.dialog.cwd, argument))
    requireRegularFile(entry)
    return reply(213, formatTime(entry.mtimeMs))
  } catch (error) {
    // A name may look like this; together with the time one may be too long for a name.
    const code = errorCodeOf(error)
    const unnamed = code === 'path.not-found' || code === 'path.invalid'
    if (!unnamed || !TIME_AND_NAME.test(argument)) throw error
    return mfmt(ftp, argument, files)
  }
}
