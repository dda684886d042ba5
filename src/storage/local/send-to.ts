import { constants } from 'node:os'
import type { SendTo } from '../../core/vfs/storage.ts'
import type { Native } from '../../native/native.ts'

const { EINVAL, ENOSYS } = constants.errno

/**
 * Only what is in memory is handed over at once, so that no session waits for another one's disk. File systems that cannot
 * tell, or that cannot do it, are for `read`; so is every error, which `read` or the socket's write meets again and says in words.
 */
export function createSendTo(fd: number, { cachedLength, sendFile }: Native): SendTo {
  let able = true
  return (descriptor, position, max) => {
    if (!able) return undefined
    const length = cachedLength(fd, position, max)
    if (length === 0) return 0
    const sent = length < 0 ? length : sendFile(descriptor, fd, position, length)
    if (sent >= 0) return sent
    able = length > 0 && sent !== -EINVAL && sent !== -ENOSYS
    return able ? 0 : undefined
  }
}
