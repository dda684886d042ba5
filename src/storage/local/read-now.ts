import { readSync } from 'node:fs'
import { constants } from 'node:os'
import type { Clock } from '../../core/ports.ts'
import type { LocalContext } from './context.ts'

/** Reads without waiting for the disk; undefined: the thread pool has to. Throws what Node's own read throws. */
export type ReadNow = (into: Uint8Array, position: number) => number | undefined

/** A read of cached pages takes some 30 us for this much; it is all that may stop the event loop at once. */
const SYNC_BYTES = 256 * 1024
/** A sync read that took longer met the disk, or the process lost the CPU; hence one alone proves nothing. */
const SLOW_MS = 2
/** Each slow read weighs so much, each quick one takes 1 off: two slow ones close together are enough. */
const SLOW_WEIGHT = 4
const SLOW_ENOUGH = 2 * SLOW_WEIGHT - 2
/** For how long reads then go through the thread pool before a sync read is tried again. */
const POOL_MS = 1000

/** Judges by the time that reads take whether the next one may be tried. */
function readMeasured(fd: number, clock: Pick<Clock, 'monotonic'>): ReadNow {
  let poolUntil = 0
  let slowness = 0
  return (into, position) => {
    const now = clock.monotonic()
    if (now < poolUntil) return undefined
    const bytes = readSync(fd, into, 0, Math.min(into.byteLength, SYNC_BYTES), position)
    const after = clock.monotonic()
    if (after - now <= SLOW_MS) slowness = Math.max(0, slowness - 1)
    else slowness += SLOW_WEIGHT
    if (slowness >= SLOW_ENOUGH) {
      poolUntil = after + POOL_MS
      slowness = 0
    }
    return bytes
  }
}

export type ReadContext = Pick<LocalContext, 'clock' | 'native' | 'system' | 'untold'>

/** Asks the kernel each time, as far as the file system can tell; otherwise it is `measured`. */
export function createReadNow(fd: number, device: number, { clock, native, untold }: ReadContext): ReadNow {
  if (native === undefined || untold.has(device)) return readMeasured(fd, clock)
  let measured: ReadNow | undefined
  return (into, position) => {
    if (measured !== undefined) return measured(into, position)
    const bytes = native.readCached(fd, into, Math.min(into.byteLength, SYNC_BYTES), position)
    if (bytes >= 0) return bytes
    if (bytes === -constants.errno.EAGAIN) return undefined
    // Whatever else it is, the ordinary read finds it again and says it in words.
    measured = readMeasured(fd, clock)
    if (bytes === -constants.errno.EOPNOTSUPP) untold.add(device)
    return measured(into, position)
  }
}
