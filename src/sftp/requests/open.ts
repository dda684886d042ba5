// draft-ietf-secsh-filexfer-02, section 6.3

import { FileServerError } from '../../core/errors.ts'
import { andThen, type MaybePromise } from '../../core/maybe-promise.ts'
import type { OpenWriteOptions } from '../../core/vfs/session.ts'
import { readAttributes } from '../attrs.ts'
import type { OpenFile } from '../handles.ts'
import { handle, type Reply } from '../replies.ts'
import { type Request, readPath } from '../request.ts'
import { WriteQueue } from '../write-queue.ts'

const FLAG = { read: 1, write: 2, append: 4, create: 8, truncate: 16, exclusive: 32 } as const
const ONLY_FOR_WRITING = FLAG.append | FLAG.create | FLAG.truncate | FLAG.exclusive

export function open(request: Request): MaybePromise<Reply> {
  const { handles } = request.context
  handles.checkRoom()
  return andThen(openFile(request), (file) => handle(request.id, handles.add(file)))
}

/** The attributes a client sends along are those of its own file; SETSTAT and FSETSTAT say what it really wants. */
function openFile(request: Request): MaybePromise<OpenFile> {
  const path = readPath(request)
  const flags = request.body.uint32()
  readAttributes(request.body)
  const { context } = request
  const { files } = context
  if ((flags & FLAG.write) === 0) {
    // OpenSSH would let READ|TRUNC empty a file; who wants to write has to say so.
    if (flags & ONLY_FOR_WRITING) throw new FileServerError('protocol.syntax', 'flags need WRITE')
    return andThen(files.openRead(path, context), (file) => ({ kind: 'read', path, file }))
  }
  return andThen(files.openWrite(path, writeOptions(flags), context), (file) => ({
    kind: 'write',
    path,
    file,
    queue: new WriteQueue(file),
    append: (flags & FLAG.append) !== 0,
    readable: (flags & FLAG.read) !== 0,
  }))
}

function writeOptions(flags: number): OpenWriteOptions {
  const create = (flags & FLAG.create) !== 0
  const exclusive = create && (flags & FLAG.exclusive) !== 0
  const truncate = (flags & FLAG.truncate) !== 0
  return { start: truncate || exclusive ? 'empty' : 'current', create, exclusive }
}
