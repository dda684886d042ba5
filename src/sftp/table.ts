import { FileServerError } from '../core/errors.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import { MAX_NAMES_BYTES } from './limits.ts'
import type { Reply } from './replies.ts'
import type { ExtensionRow, Request, RequestRow } from './request.ts'
import { checkFileHandle, checkFileName } from './requests/check-file.ts'
import { close } from './requests/close.ts'
import { copyData } from './requests/copy-data.ts'
import { fsync } from './requests/fsync.ts'
import { limits } from './requests/limits.ts'
import { hardlink, readlink, symlink } from './requests/links.ts'
import { mkdir } from './requests/mkdir.ts'
import { open } from './requests/open.ts'
import { opendir } from './requests/opendir.ts'
import { read } from './requests/read.ts'
import { readdir } from './requests/readdir.ts'
import { expandPath, homeDirectory, realpath } from './requests/realpath.ts'
import { remove } from './requests/remove.ts'
import { posixRename, rename } from './requests/rename.ts'
import { rmdir } from './requests/rmdir.ts'
import { fsetstat, lsetstat, setstat } from './requests/setstat.ts'
import { fstat, lstat, stat } from './requests/stat.ts'
import { fstatvfs, statvfs } from './requests/statvfs.ts'
import { usersGroupsById } from './requests/users-groups-by-id.ts'
import { write } from './requests/write.ts'

/** SSH_FXP_INIT opens the conversation and is not a request: it has no id. */
export const INIT = 1
export const PROTOCOL_VERSION = 3

/** What is advertised in VERSION is what stands here, no more. */
export const EXTENSIONS: readonly ExtensionRow[] = [
  { name: 'posix-rename@openssh.com', version: '1', writes: true, run: posixRename },
  { name: 'statvfs@openssh.com', version: '2', writes: false, run: statvfs },
  { name: 'fstatvfs@openssh.com', version: '2', writes: false, run: fstatvfs },
  { name: 'hardlink@openssh.com', version: '1', writes: true, run: hardlink },
  { name: 'fsync@openssh.com', version: '1', writes: true, run: fsync },
  { name: 'lsetstat@openssh.com', version: '1', writes: true, run: lsetstat },
  { name: 'limits@openssh.com', version: '1', writes: false, run: limits },
  { name: 'expand-path@openssh.com', version: '1', writes: false, run: expandPath },
  { name: 'copy-data', version: '1', writes: true, run: copyData },
  { name: 'home-directory', version: '1', writes: false, run: homeDirectory },
  { name: 'users-groups-by-id@openssh.com', version: '1', writes: false, run: usersGroupsById },
  { name: 'check-file', version: '1', writes: false, run: checkFileHandle },
  { name: 'check-file-handle', version: '1', writes: false, run: checkFileHandle },
  { name: 'check-file-name', version: '1', writes: false, run: checkFileName },
]

const extensionsByName = new Map(EXTENSIONS.map((row) => [row.name, row]))

function extension(request: Request): MaybePromise<Reply> {
  const row = extensionsByName.get(request.body.string().toString('latin1'))
  if (row === undefined) throw new FileServerError('protocol.unknown', 'unknown extension')
  return row.run(request)
}

export const REQUESTS: readonly RequestRow[] = [
  { name: 'OPEN', type: 3, writes: true, order: 'alone', run: open },
  { name: 'CLOSE', type: 4, writes: true, order: 'handle', run: close },
  { name: 'READ', type: 5, writes: false, order: 'read', run: read },
  { name: 'WRITE', type: 6, writes: true, order: 'write', run: write },
  { name: 'LSTAT', type: 7, writes: false, order: 'alone', run: lstat },
  { name: 'FSTAT', type: 8, writes: false, order: 'handle', run: fstat },
  { name: 'SETSTAT', type: 9, writes: true, order: 'alone', run: setstat },
  { name: 'FSETSTAT', type: 10, writes: true, order: 'handle', run: fsetstat },
  { name: 'OPENDIR', type: 11, writes: false, order: 'alone', run: opendir },
  { name: 'READDIR', type: 12, writes: false, order: 'handle', replyRoom: MAX_NAMES_BYTES, run: readdir },
  { name: 'REMOVE', type: 13, writes: true, order: 'alone', run: remove },
  { name: 'MKDIR', type: 14, writes: true, order: 'alone', run: mkdir },
  { name: 'RMDIR', type: 15, writes: true, order: 'alone', run: rmdir },
  { name: 'REALPATH', type: 16, writes: false, order: 'alone', run: realpath },
  { name: 'STAT', type: 17, writes: false, order: 'alone', run: stat },
  { name: 'RENAME', type: 18, writes: true, order: 'alone', run: rename },
  { name: 'READLINK', type: 19, writes: false, order: 'alone', run: readlink },
  { name: 'SYMLINK', type: 20, writes: true, order: 'alone', run: symlink },
  { name: 'EXTENDED', type: 200, writes: true, order: 'alone', run: extension },
]

export const requestsByType: ReadonlyMap<number, RequestRow> = new Map(REQUESTS.map((row) => [row.type, row]))
