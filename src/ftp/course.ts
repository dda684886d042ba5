import type { MaybePromise } from '../core/maybe-promise.ts'
import type { ReadHandle } from '../core/vfs/storage.ts'
import type { Convert } from './ascii.ts'

export type PumpDown = Readonly<{
  source: ReadHandle
  from: number
  /** Bytes from `from` to the end as known at the start; more may have come since. */
  expected: number
  convert: Convert | undefined
  signal: Pick<AbortSignal, 'throwIfAborted'>
  progress: (bytes: number) => void
}>

/** A download under way: each way of sending goes on where the one before stopped. */
export type Course = PumpDown & { position: number }

/**
 * Why a way of sending stopped: at the end; `waits` for bytes that are not in memory; `warm`: the next ones are;
 * `unable`: this source and this socket cannot do it.
 */
export type Stop = 'end' | 'waits' | 'warm' | 'unable'

/** Where a download goes to. */
export type Sink = {
  /** Bytes that one write takes well. */
  readonly piece: number
  /** Where a source may put bytes itself, as long as it is open; undefined where they have to pass through the process. */
  readonly descriptor: number | undefined
  /** Over when the bytes are out of the buffer; fails when the connection is lost. `last`: whoever owns the sink ends it at once. */
  write(bytes: Uint8Array, last: boolean): MaybePromise<void>
  /** Resolves when the descriptor takes more. Undefined: only a write finds that out. */
  readonly room: (() => Promise<void>) | undefined
}

/** Over when the bytes are out of the buffer. */
export function send(sink: Sink, bytes: Uint8Array, course: Course, last = false): MaybePromise<void> {
  const wire = course.convert === undefined ? bytes : course.convert.push(bytes)
  course.position += bytes.length
  const sent = sink.write(wire, last)
  if (sent === undefined) return course.progress(wire.length)
  return sent.then(() => course.progress(wire.length))
}

/** Lets the other sessions have their turn. */
export function yieldTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** What has come by now, on any connection, is told of in this turn of the event loop or in the next; then this is over. */
export async function allTold(): Promise<void> {
  await yieldTurn()
  await yieldTurn()
}
