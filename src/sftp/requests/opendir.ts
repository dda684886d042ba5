// draft-ietf-secsh-filexfer-02, section 6.7
import { createLsHead } from '../../core/vfs/ls-line.ts'
import { handle, type Reply } from '../replies.ts'
import { type Request, readPath } from '../request.ts'

/** The first batch is read here, so that a directory that is missing or closed to the user fails at OPENDIR. */
export async function opendir(request: Request): Promise<Reply> {
  const { files, handles, clock } = request.context
  handles.checkRoom()
  const path = readPath(request)
  const source = files.list(path)[Symbol.asyncIterator]()
  const first = await source.next()
  const rest = first.done === true ? [] : first.value
  const listing = { source, rest, headOf: createLsHead(clock.now()) }
  return handle(request.id, handles.add({ kind: 'directory', path, listing }))
}
