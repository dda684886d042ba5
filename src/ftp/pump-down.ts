import { FileServerError } from '../core/errors.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { Course, PumpDown, Sink, Stop } from './course.ts'
import { canPumpDirect, pumpDirect } from './pump-direct.ts'
import { PumpThrough } from './pump-through.ts'

/** Sends from `from` to the end of the source, and fails where that comes before the expected one. Does not end the connection. */
export function pumpDown(sink: Sink, job: PumpDown): MaybePromise<void> {
  const course: Course = { ...job, position: job.from }
  const through = new PumpThrough(sink, course)
  const whole = () => requireWhole(course)
  if (canPumpDirect(job, sink))
    return goOn(through, pumpDirect(sink, course), () => pumpDirect(sink, course)).then(whole)
  const stop = through.now()
  if (stop !== 'end') return goOn(through, stop, undefined).then(whole)
  whole()
}

/** The client has been told a size; a part of the file would look like all of it (RFC 959 section 3.4.1). */
function requireWhole({ position, from, expected }: Course): void {
  if (position - from < expected)
    throw new FileServerError('storage.busy', 'the file was cut while it was sent')
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
