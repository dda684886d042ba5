// OpenSSH PROTOCOL, users-groups-by-id@openssh.com

import { FileServerError } from '../../core/errors.ts'
import { OWNER_NAME } from '../../core/vfs/ls-line.ts'
import { string } from '../codec.ts'
import { extended, type Reply } from '../replies.ts'
import type { Request } from '../request.ts'

/** More than a client shows at once; it asks again for the rest. */
const MAX_IDS = 4096
const ID_BYTES = 4

/** One name stands for all: which accounts the system has is not for the wire, and long names say the same. */
export function usersGroupsById({ id, body }: Request): Reply {
  return extended(id, namesFor(body.string()), namesFor(body.string()))
}

function namesFor(ids: Buffer) {
  const count = ids.length / ID_BYTES
  if (!Number.isInteger(count) || count > MAX_IDS) throw new FileServerError('protocol.syntax', 'list of ids')
  const name = Buffer.alloc(ID_BYTES + OWNER_NAME.length)
  string(OWNER_NAME).put(name, 0)
  return string(Buffer.concat(Array.from({ length: count }, () => name)))
}
