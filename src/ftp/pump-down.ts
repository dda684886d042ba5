import type { MaybePromise } from '../core/maybe-promise.ts'
import type { Course, PumpDown, Sink, Stop } from './course.ts'
import { canPumpDirect, pumpDirect } from './pump-direct.ts'
import { PumpThrough } from './pump-through.ts'

/** Sends from `from` to the end of the source. Does not end the connection. */
export function pumpDown(sink: Sink, job: PumpDown): MaybePromise<void> {
  const course: Course = { ...job, position: job.from }
  const through = new PumpThrough(sink, course)
  if (canPumpDirect(job, sink)) return goOn(through, pumpDirect(sink, course), () => pumpDirect(sink, course))
  const stop = through.now()
  if (stop !== 'end') return goOn(through, stop, undefined)
}

/** `direct`: sends better, as long as it can. */
async function goOn(
  through: PumpThrough,
  first: MaybePromise<Stop>,
  direct: (() => Promise<Stop>) | undefined,
): Promise<void> {
  let able = direct
  for (let stop = await first; stop !== 'end'; ) {
    if (stop === 'unable') able = undefined
    if (stop === 'waits') stop = await through.later()
    else stop = able === undefined ? await through.now() : await able()
  }
}
