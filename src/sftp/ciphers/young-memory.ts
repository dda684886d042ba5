import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** V8 looks through its whole heap after 32 MiB, and learns one collection late what the one before has freed. */
const COLLECT_AFTER = 6 * 1024 * 1024

type Collect = (options: { type: 'minor' }) => void
const isCollect = (value: unknown): value is Collect => typeof value === 'function'

let collect: Collect | undefined
let since = 0

/** V8 hands its collector out to those contexts only that are made after it was asked to. */
function collector(): Collect {
  setFlagsFromString('--expose-gc')
  const found: unknown = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  return isCollect(found) ? found : () => {}
}

/**
 * To be told of each Buffer that OpenSSL's output came in. V8 counts them without looking at their age, and would mark
 * its whole heap every few dozen MiB to find that all of them are garbage: half of the CPU of a transfer. Its young
 * generation, where they are, is collected in less than a millisecond.
 */
export function passed(bytes: number): void {
  since += bytes
  if (since < COLLECT_AFTER) return
  since = 0
  collect ??= collector()
  collect({ type: 'minor' })
}
