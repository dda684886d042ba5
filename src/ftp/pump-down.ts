import type { Course, PumpDown, Sink, Stop } from './course.ts'
import { canPumpDirect, pumpDirect } from './pump-direct.ts'
import { PumpThrough } from './pump-through.ts'

/** Sends from `from` to the end of the source. Does not end the connection. */
export async function pumpDown(sink: Sink, job: PumpDown): Promise<void> {
  const course: Course = { ...job, position: job.from }
  const through = new PumpThrough(sink, course)
  let direct = canPumpDirect(job, sink)
  let stop: Stop = 'warm'
  while (stop !== 'end') {
    if (stop === 'waits') stop = await through.later()
    else stop = direct ? await pumpDirect(sink, course) : await through.now()
    if (stop === 'unable') direct = false
  }
}
