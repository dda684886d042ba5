import type { Clock } from '../../src/core/ports.ts'
import type { Entry } from '../../src/core/vfs/storage.ts'
import { createNativeSystem } from '../../src/storage/local/native-system.ts'
import { createNodeSystem } from '../../src/storage/local/node-system.ts'
import type { LocalSystem } from '../../src/storage/local/system.ts'
import { realClock } from './local-storage.ts'
import { native } from './native.ts'

type Monotonic = Pick<Clock, 'monotonic'>

/** Time runs so fast for this one that every disk looks slow. */
export const hastyClock: Monotonic = { monotonic: () => performance.now() * 100_000 }

/** Every way of asking the system that this machine has. */
export function allSystems(): Readonly<Record<string, LocalSystem>> {
  let waits = 0
  // Says each time that it had to wait.
  const waiting = native && { ...native, timesWaited: () => (waits += 1) }
  const make = (clock: Monotonic): Record<string, LocalSystem> =>
    waiting === undefined
      ? { node: createNodeSystem(clock) }
      : { node: createNodeSystem(clock), native: createNativeSystem(waiting, clock) }
  const slow = Object.entries(make(hastyClock)).map(([name, system]) => [`${name}, slow disk`, system])
  return { ...make(realClock), ...Object.fromEntries(slow) }
}

export type Scanned = Readonly<{ entries: readonly Entry[]; reserved: readonly string[]; batches: number }>

/** Scans to the end; entries in the order of their names. */
export async function scanAll(system: LocalSystem, directory: number): Promise<Scanned> {
  const entries: Entry[] = []
  const reserved: string[] = []
  let batches = 0
  const scan = system.scan(directory, (name) => reserved.push(name))
  try {
    while (!scan.ended) {
      const next = await scan.next()
      entries.push(...next)
      batches += 1
    }
  } finally {
    scan.close()
  }
  const byName = (a: Entry, b: Entry) => (a.name < b.name ? -1 : 1)
  return { entries: entries.sort(byName), reserved: reserved.sort(), batches }
}
