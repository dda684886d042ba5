// RFC 3659 section 7: MLST.
import { parentOf, ROOT, type VirtualPath } from '../../core/vfs/path.ts'
import type { VfsSession } from '../../core/vfs/session.ts'
import { createFactFormat, type Rights } from '../facts.ts'
import { type Reply, reply } from '../replies.ts'
import type { Ftp } from '../session.ts'

export async function mlst(ftp: Ftp, argument: string, files: VfsSession): Promise<Reply> {
  const path = argument === '' ? ftp.dialog.cwd : files.resolve(ftp.dialog.cwd, argument)
  const entry = await files.stat(path)
  const line = createFactFormat(ftp.dialog.facts, rightsAt(files, path))(entry, path)
  return reply(250, 'Listing:', ` ${line}`, 'End')
}

/** The root is in nothing. */
function rightsAt(files: VfsSession, path: VirtualPath): Rights {
  const here = path === ROOT ? new Set<never>() : files.permissions(parentOf(path))
  return { here, inside: () => files.permissions(path), fixed: () => files.isFixed(path) }
}
