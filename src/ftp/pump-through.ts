import type { MaybePromise } from '../core/maybe-promise.ts'
import { type Course, type Sink, type Stop, send, yieldTurn } from './course.ts'
import { giveSlab, type Slab, SMALL_SLAB, takeSlab } from './slabs.ts'

/** Where storage answers later, the hop to it is the cost: few big ones. */
const LATER_PIECE = 1024 * 1024
/** Work without waiting that one session may do before others get their turn. */
const TURN_BYTES = 256 * 1024

/** Sends by reading and writing: `now` while reads answer at once, `later` while they do not. */
export class PumpThrough {
  readonly #sink: Sink
  readonly #course: Course
  #buffer: Uint8Array | undefined
  #slab: Slab | undefined
  /** What may still be done before others get their turn. */
  #turn = TURN_BYTES
  #pair: [Uint8Array, Uint8Array] | undefined

  constructor(sink: Sink, course: Course) {
    this.#sink = sink
    this.#course = course
  }

  now(): MaybePromise<Stop> {
    const course = this.#course
    this.#buffer ??= this.#take()
    for (;;) {
      course.signal.throwIfAborted()
      const answer = course.source.read(this.#buffer, course.position)
      if (typeof answer !== 'number') return this.#waited(answer, this.#buffer)
      if (answer === 0) return this.#end()
      // A read that could have given more than was expected gave no more.
      const over = answer < this.#buffer.length && course.position + answer - course.from >= course.expected
      const sending = send(this.#sink, this.#buffer.subarray(0, answer), course, over)
      if (sending !== undefined) return sending.then(() => (over ? this.#end() : this.#rest(answer)))
      if (over) return this.#end()
      const resting = this.#rest(answer)
      if (resting !== 'warm') return resting
    }
  }

  async #waited(reading: Promise<number>, buffer: Uint8Array): Promise<Stop> {
    const bytes = await reading
    if (bytes === 0) return this.#end()
    await send(this.#sink, buffer.subarray(0, bytes), this.#course)
    return 'waits'
  }

  #rest(bytes: number): MaybePromise<Stop> {
    this.#turn -= bytes
    if (this.#turn > 0) return 'warm'
    this.#turn = TURN_BYTES
    return yieldTurn().then(() => 'warm' as const)
  }

  /** Two buffers: one is read into while the other is being sent. */
  async later(): Promise<Stop> {
    const course = this.#course
    this.#pair ??= [this.#allocate(LATER_PIECE), this.#allocate(LATER_PIECE)]
    let [full, filling] = this.#pair
    let answer = course.source.read(full, course.position)
    for (;;) {
      const bytes = await answer
      if (bytes === 0) return this.#end()
      const isWarm = typeof answer === 'number'
      const sending = send(this.#sink, full.subarray(0, bytes), course)
      if (isWarm) {
        await sending
        return 'warm'
      }
      const reading = this.#readAhead(filling)
      // The read must have ended before the caller may close the source, whatever becomes of the connection.
      const [sent] = await Promise.allSettled([sending, reading])
      if (sent.status === 'rejected') throw sent.reason
      course.signal.throwIfAborted()
      ;[full, filling] = [filling, full]
      answer = reading
    }
  }

  /** What would be thrown at once waits until the send that is under way has ended. */
  #readAhead(into: Uint8Array) {
    try {
      return this.#course.source.read(into, this.#course.position)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Small files share memory; after a failure somebody may still use it, so then it does not come back. */
  #take(): Uint8Array {
    if (this.#course.expected >= SMALL_SLAB) return this.#allocate(this.#sink.piece)
    this.#slab = takeSlab(SMALL_SLAB)
    return this.#slab.rest(0)
  }

  /** One byte more than expected, so that the end of a file that did not grow is found without a second buffer. */
  #allocate(most: number): Uint8Array {
    const { expected, position, from } = this.#course
    const left = expected - (position - from)
    return Buffer.allocUnsafeSlow(Math.max(1, Math.min(most, left + 1)))
  }

  #end(): Stop {
    if (this.#slab !== undefined) giveSlab(this.#slab)
    this.#slab = undefined
    this.#buffer = undefined
    return 'end'
  }
}
