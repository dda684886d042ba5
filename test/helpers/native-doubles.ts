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

/** A file system to which capital letters are small ones; what lies there already has small ones. */
export function caseless(native: Native): Native {
  return {
    ...native,
    lstatAt: (directory, name, record) => native.lstatAt(directory, name.toLowerCase(), record),
    renameAt: (from, name, to, newName) => native.renameAt(from, name.toLowerCase(), to, newName),
  }
}

/** Of TLS without Node's sockets; all that was opened has to be closed. */
export type TlsCalls = {
  contexts: number
  opened: number
  closed: number
  shaken: number
  ready: number
  received: number
}

/** The addon itself, with a count of its calls for TLS. */
export function countedTls(native: Native): Native & { readonly tls: Readonly<TlsCalls> } {
  const tls: TlsCalls = { contexts: 0, opened: 0, closed: 0, shaken: 0, ready: 0, received: 0 }
  return {
    ...native,
    tls,
    createTlsContext: (...given) => {
      tls.contexts += 1
      return native.createTlsContext(...given)
    },
    openTls: (...given) => {
      tls.opened += 1
      return native.openTls(...given)
    },
    closeTls: (connection) => {
      const result = native.closeTls(connection)
      // Closed twice, it says so.
      if (result === 0) tls.closed += 1
      return result
    },
    shakeHands: (connection) => {
      tls.shaken += 1
      const wanted = native.shakeHands(connection)
      if (wanted === 0) tls.ready += 1
      return wanted
    },
    receiveTls: (...given) => {
      tls.received += 1
      return native.receiveTls(...given)
    },
  }
}
