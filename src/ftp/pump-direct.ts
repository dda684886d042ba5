import { type Course, type PumpDown, type Sink, type Stop, send, yieldTurn } from './course.ts'

/** For one system call, and what may go out without waiting before others get their turn; the kernel copies nothing of it. */
const SLICE = 512 * 1024
const TURN_BYTES = SLICE
/** What goes through the process when no more is sent and nobody says why: its completion tells when there is room again. */
const BETWEEN = 16 * 1024

/** Smaller files are one read and one write; asking what of them is in memory would cost as much again. */
const WORTH_BYTES = 128 * 1024

/** Many bytes that are neither encrypted nor converted, from a source that can hand them over. */
export function canPumpDirect({ source, convert, expected }: PumpDown, sink: Sink): boolean {
  if (expected < WORTH_BYTES || convert !== undefined) return false
  return source.sendTo !== undefined && sink.descriptor !== undefined
}

/**
 * Hands the file to the socket inside the kernel. When nothing more goes, and at the end, a small piece is read and
 * written: a read tells why, and in Node's sockets the write waits for the client, notices a lost connection, and keeps
 * the bytes in order, so that no second watcher of the descriptor is needed.
 */
export async function pumpDirect(sink: Sink, course: Course): Promise<Stop> {
  const { source, signal } = course
  let between: Uint8Array | undefined
  let turn = TURN_BYTES
  for (;;) {
    signal.throwIfAborted()
    // Asked anew each time: a closed descriptor's number may be another's by now.
    const { descriptor } = sink
    const sent = descriptor === undefined ? 0 : source.sendTo?.(descriptor, course.position, SLICE)
    if (sent === undefined) return 'unable'
    if (sent > 0) {
      course.position += sent
      course.progress(sent)
    }
    turn -= sent
    if (turn <= 0) {
      turn = TURN_BYTES
      await yieldTurn()
    }
    if (sent === SLICE) continue
    if (sent > 0 && sink.room !== undefined && course.position - course.from < course.expected) {
      await sink.room()
      continue
    }
    between ??= Buffer.allocUnsafe(BETWEEN)
    const answer = source.read(between, course.position)
    const bytes = typeof answer === 'number' ? answer : await answer
    if (bytes === 0) return 'end'
    await send(sink, between.subarray(0, bytes), course)
    if (typeof answer !== 'number') return 'waits'
  }
}
