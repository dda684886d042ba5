// OpenSSH PROTOCOL, limits@openssh.com
import { uint64 } from '../codec.ts'
import { MAX_DATA, MAX_PACKET } from '../limits.ts'
import { extended, type Reply } from '../replies.ts'
import type { Request } from '../request.ts'

/** Clients that ask use these sizes in place of 32 KiB: an eighth of the requests. */
export function limits({ id, context }: Request): Reply {
  const handles = uint64(context.handlesPerChannel)
  return extended(id, uint64(MAX_PACKET), uint64(MAX_DATA), uint64(MAX_DATA), handles)
}
