import type { Duplex } from 'node:stream'
import type { Course, PumpDown, Stop } from './course.ts'
import { canPumpDirect, pumpDirect } from './pump-direct.ts'
import { createPumpThrough } from './pump-through.ts'

/** Sends from `from` to the end of the source. Does not end the socket. */
export async function pumpDown(socket: Duplex, job: PumpDown): Promise<void> {
  const course: Course = { ...job, position: job.from }
  const through = createPumpThrough(socket, course)
  let direct = canPumpDirect(job, socket)
  let stop: Stop = 'warm'
  while (stop !== 'end') {
    if (stop === 'waits') stop = await through.later()
    else stop = direct ? await pumpDirect(socket, course) : await through.now()
    if (stop === 'unable') direct = false
  }
}
