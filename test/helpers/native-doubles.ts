import { constants } from 'node:os'
import type { Native } from '../../src/native/native.ts'

const { EAGAIN, EINVAL, EOPNOTSUPP } = constants.errno

/** The addon itself, with a count of what it handed to sockets. */
export function counted(native: Native): Native & { readonly sent: number } {
  let sent = 0
  return {
    ...native,
    get sent() {
      return sent
    },
    sendFile: (...given) => {
      sent += 1
      return native.sendFile(...given)
    },
  }
}

/** A disk from which parts of a file come and go: of `period` calls one finds nothing in memory, others only a part. */
export function halfCached(native: Native, period = 3): Native {
  let count = 0
  return {
    ...native,
    readCached: (fd, into, length, position) => {
      count += 1
      if (count % period === 0) return -EAGAIN
      return native.readCached(fd, into, Math.ceil(length / (1 + (count % 4))), position)
    },
    cachedLength: (fd, position, length) => {
      count += 1
      const known = native.cachedLength(fd, position, length)
      return count % period === 0 ? 0 : Math.floor(known / (1 + (count % 5)))
    },
  }
}

/** Nothing is ever in memory. */
export function neverCached(native: Native): Native {
  return { ...native, readCached: () => -EAGAIN, cachedLength: () => 0 }
}

/** A file system that knows nothing of its memory. */
export function untold(native: Native): Native {
  return { ...native, readCached: () => -EOPNOTSUPP, cachedLength: () => -EOPNOTSUPP }
}

/** A file system whose files the kernel cannot hand to a socket. */
export function unsendable(native: Native): Native {
  return { ...native, sendFile: () => -EINVAL }
}

/** A file system that cannot tell in one step that a name is free. */
export function withoutRenameNew(native: Native): Native {
  return { ...native, renameNewAt: () => -EINVAL }
}
