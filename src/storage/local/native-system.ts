import { closeSync, constants as files } from 'node:fs'
import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'
import type { Clock } from '../../core/ports.ts'
import { type Native, READ_NAMES_ROOM, RECORD_FIELDS } from '../../native/native.ts'
import { addEntries, entryOf } from './native-records.ts'
import { createScan, type ScanSource, SLICE_MS } from './scan.ts'
import type { LocalSystem } from './system.ts'

const OPEN_TO_READ = files.O_RDONLY | files.O_DIRECTORY
/** Of names, in one go: some two thousand of usual length. */
const NAMES_BYTES = 3 * READ_NAMES_ROOM
/** Buffers for names that are kept for the next scans. */
const KEPT_BUFFERS = 4
/** Entries of one slice at most. */
const SLICE_RECORDS = 1024
const SLICE_MICROSECONDS = SLICE_MS * 1000

/** Throws what Node would throw, for a negative errno. */
function checked(result: number): number {
  if (result >= 0) return result
  const code = getSystemErrorName(result)
  throw Object.assign(new Error(code), { code })
}

/** Opens scans that share their memory: records are read in the turn they are written in. */
function createSources(native: Native): (directory: number) => ScanSource {
  const records = new Float64Array(SLICE_RECORDS * RECORD_FIELDS)
  const kept: Buffer[] = []
  return (directory) => {
    const fd = checked(native.openAt(directory, '.', OPEN_TO_READ, 0))
    const buffer = kept.pop() ?? Buffer.allocUnsafeSlow(NAMES_BYTES)
    let bytes = buffer.subarray(0, 0)
    let waited = false
    return {
      read: () => {
        bytes = buffer.subarray(0, checked(native.readNames(fd, buffer)))
        const names = bytes.toString('utf8', 0, Math.max(0, bytes.length - 1)).split('\0')
        // It stops early at the end only.
        const last = bytes.length <= buffer.length - READ_NAMES_ROOM
        return { names: bytes.length === 0 ? [] : names, last }
      },
      describe: (names, from, into) => {
        const before = native.timesWaited()
        const count = checked(native.lstatNames(directory, bytes, from, records, SLICE_MICROSECONDS))
        waited = native.timesWaited() !== before
        addEntries(into, records, count, { names, from })
        return count
      },
      get waited() {
        return waited
      },
      close: () => {
        closeSync(fd)
        if (kept.length < KEPT_BUFFERS) kept.push(buffer)
      },
    }
  }
}

/** The addon's calls: the directory is named by its descriptor, and a slice of a listing is one call. */
export function createNativeSystem(native: Native, clock: Pick<Clock, 'monotonic'>): LocalSystem {
  const record = new Float64Array(RECORD_FIELDS)
  const openSource = createSources(native)
  return {
    lstat: (directory, name) => {
      const result = native.lstatAt(directory, name, record)
      if (result === -constants.errno.ENOENT) return undefined
      checked(result)
      return entryOf(record, 0, name)
    },
    fstat: (fd, name) => {
      checked(native.fstatInto(fd, record))
      return entryOf(record, 0, name)
    },
    open: (directory, name, flags, mode = 0) => checked(native.openAt(directory, name, flags, mode)),
    write: (fd, bytes, position) => checked(native.writeAt(fd, bytes, position)),
    unlink: (directory, name) => void checked(native.unlinkAt(directory, name)),
    rename: (from, name, to, newName) => void checked(native.renameAt(from, name, to, newName)),
    renameNew: (from, name, to, newName) => {
      const result = native.renameNewAt(from, name, to, newName)
      if (result === -constants.errno.EINVAL || result === -constants.errno.ENOSYS) return false
      checked(result)
      return true
    },
    scan: (directory, reserved) => createScan({ directory, source: openSource(directory), reserved, clock }),
  }
}
