import type { Duplex } from 'node:stream'
import { type Course, type PumpDown, type Stop, send, yieldTurn } from './course.ts'

/** For one system call, and what may go out without waiting before others get their turn; the kernel copies nothing of it. */
const SLICE = 512 * 1024
const TURN_BYTES = SLICE
/** What goes through the process when the socket is full: its completion tells when there is room again. */
const BETWEEN = 16 * 1024

/** Smaller files are one read and one write; asking what of them is in memory would cost as much again. */
const WORTH_BYTES = 128 * 1024

/** The socket's descriptor, as long as it is open. Node's inner name; without it downloads only cost more. */
function descriptorOf(socket: Duplex): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle')
  if (typeof handle !== 'object' || handle === null) return undefined
  const fd: unknown = Reflect.get(handle, 'fd')
  return typeof fd === 'number' && fd >= 0 ? fd : undefined
}

/** Many bytes that are neither encrypted nor converted, from a source that can hand them over. */
export function canPumpDirect({ source, convert, expected }: PumpDown, socket: Duplex): boolean {
  if (expected < WORTH_BYTES) return false
  const asTheyAre = convert === undefined && !('encrypted' in socket)
  return asTheyAre && source.sendTo !== undefined && descriptorOf(socket) !== undefined
}

/**
 * Hands the file to the socket inside the kernel. Node's own writing is asked in between, with a small piece, whenever
 * nothing more goes: it waits for the client, notices a lost connection, and keeps the bytes in order, so that
 * no second watcher of the descriptor is needed.
 */
export async function pumpDirect(socket: Duplex, course: Course): Promise<Stop> {
  const { source, signal } = course
  const between = Buffer.allocUnsafe(BETWEEN)
  let turn = TURN_BYTES
  for (;;) {
    signal.throwIfAborted()
    // Asked anew each time: a closed descriptor's number may be another's by now.
    const descriptor = descriptorOf(socket)
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
    const answer = source.read(between, course.position)
    const bytes = typeof answer === 'number' ? answer : await answer
    if (bytes === 0) return 'end'
    await send(socket, between.subarray(0, bytes), course)
    if (typeof answer !== 'number') return 'waits'
  }
}
