// OpenSSH PROTOCOL, statvfs@openssh.com and fstatvfs@openssh.com
import type { VirtualPath } from '../../core/vfs/path.ts'
import { uint64 } from '../codec.ts'
import { extended, type Reply } from '../replies.ts'
import { type Request, readPath } from '../request.ts'

/** ST_NOSUID: nothing stored here runs with another's rights. */
const NO_SUID = 2
const LONGEST_NAME = 255

async function reply({ id, context }: Request, path: VirtualPath): Promise<Reply> {
  const stats = await context.files.space(path)
  const numbers = [
    stats.blockSize,
    stats.blockSize,
    stats.totalBlocks,
    stats.freeBlocks,
    stats.availableBlocks,
    stats.totalFiles,
    stats.freeFiles,
    stats.freeFiles,
    // No file system id: it would tell which paths lie on the same disk.
    0,
    NO_SUID,
    LONGEST_NAME,
  ]
  return extended(id, ...numbers.map(uint64))
}

export const statvfs = (request: Request): Promise<Reply> => reply(request, readPath(request))

/** Of the folder a file is in: an upload has no name of its own yet. */
export function fstatvfs(request: Request): Promise<Reply> {
  const { handles, files } = request.context
  const open = handles.get(request.body)
  return reply(request, open.kind === 'directory' ? open.path : files.resolve(open.path, '..'))
}
