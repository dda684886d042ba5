// draft-ietf-secsh-filexfer-02, section 6.4
import type { MaybePromise } from '../../core/maybe-promise.ts'
import { known, readable, type Source } from '../handles.ts'
import { MAX_DATA } from '../limits.ts'
import { endOfFile, finishData, type Reply } from '../replies.ts'
import type { Request } from '../request.ts'

/** The bytes go straight to their place in the packet; the header follows when their number is known. */
export function read({ id, body, context }: Request): MaybePromise<Reply> {
  const found = context.handles.find(body)
  const offset = body.uint64()
  const wanted = Math.min(body.uint32(), MAX_DATA)
  const file = readable(known(found))
  const { buffer, at, release } = context.pool.take(wanted)
  const finish = (length: number): Reply => {
    // Whoever asks for nothing has not asked where the end is.
    if (length > 0 || wanted === 0)
      return { bytes: finishData(id, buffer, at, length), id: undefined, memory: buffer, release }
    release()
    return endOfFile(id)
  }
  try {
    const length = fill(file, buffer.subarray(at, at + wanted), offset)
    if (typeof length === 'number') return finish(length)
    return length.then(finish, (error: unknown) => {
      release()
      throw error
    })
  } catch (error) {
    release()
    throw error
  }
}

/** Reads until full or at the end: clients take a short reply for the end of the file. */
function fill(file: Source, into: Uint8Array, offset: number): MaybePromise<number> {
  let done = 0
  while (done < into.length) {
    const step = file.read(done === 0 ? into : into.subarray(done), offset + done)
    if (typeof step !== 'number') return fillLater(file, into, offset, done, step)
    if (step === 0) break
    done += step
  }
  return done
}

async function fillLater(
  file: Source,
  into: Uint8Array,
  offset: number,
  before: number,
  first: Promise<number>,
): Promise<number> {
  let done = before
  let step = await first
  while (step > 0) {
    done += step
    if (done === into.length) break
    step = await file.read(into.subarray(done), offset + done)
  }
  return done
}
