import type { Duplex } from 'node:stream'
import { type Course, type Stop, send, yieldTurn } from './course.ts'

/** A bigger write does not fit a plain socket's buffer whole and costs twice as much; TLS likes fewer, bigger ones. */
const PLAIN_PIECE = 128 * 1024
const TLS_PIECE = 256 * 1024
/** Where storage answers later, the hop to it is the cost: few big ones. */
const LATER_PIECE = 1024 * 1024
/** Work without waiting that one session may do before others get their turn. */
const TURN_BYTES = 256 * 1024

/** Sends by reading and writing: `now` while reads answer at once, `later` while they do not. */
export function createPumpThrough(socket: Duplex, course: Course) {
  const piece = 'encrypted' in socket ? TLS_PIECE : PLAIN_PIECE
  let buffer: Buffer | undefined
  let pair: [Buffer, Buffer] | undefined

  /** One byte more than expected, so that the end of a file that did not grow is found without a second buffer. */
  const allocate = (most: number): Buffer => {
    const left = course.expected - (course.position - course.from)
    return Buffer.allocUnsafeSlow(Math.max(1, Math.min(most, left + 1)))
  }

  async function now(): Promise<Stop> {
    buffer ??= allocate(piece)
    let turn = TURN_BYTES
    for (;;) {
      course.signal.throwIfAborted()
      const answer = course.source.read(buffer, course.position)
      const bytes = typeof answer === 'number' ? answer : await answer
      if (bytes === 0) return 'end'
      await send(socket, buffer.subarray(0, bytes), course)
      if (typeof answer !== 'number') return 'waits'
      // A read that could have given more than was expected gave no more.
      if (bytes < buffer.length && course.position - course.from >= course.expected) return 'end'
      turn -= bytes
      if (turn > 0) continue
      turn = TURN_BYTES
      await yieldTurn()
    }
  }

  /** Two buffers: one is read into while the other is being sent. */
  async function later(): Promise<Stop> {
    pair ??= [allocate(LATER_PIECE), allocate(LATER_PIECE)]
    let [full, filling] = pair
    let answer = course.source.read(full, course.position)
    for (;;) {
      const bytes = await answer
      if (bytes === 0) return 'end'
      const isWarm = typeof answer === 'number'
      const sending = send(socket, full.subarray(0, bytes), course)
      if (isWarm) return sending.then(() => 'warm')
      const reading = readAhead(filling)
      // The read must have ended before the caller may close the source, whatever becomes of the socket.
      const [sent] = await Promise.allSettled([sending, reading])
      if (sent.status === 'rejected') throw sent.reason
      course.signal.throwIfAborted()
      ;[full, filling] = [filling, full]
      answer = reading
    }
  }

  /** What would be thrown at once waits until the send that is under way has ended. */
  function readAhead(into: Uint8Array) {
    try {
      return course.source.read(into, course.position)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  return { now, later }
}
