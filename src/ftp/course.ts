import type { Duplex } from 'node:stream'
import type { ReadHandle } from '../core/vfs/storage.ts'
import type { Convert } from './ascii.ts'

export type PumpDown = Readonly<{
  source: ReadHandle
  from: number
  /** Bytes from `from` to the end as known at the start; sizes the buffers only. */
  expected: number
  convert: Convert | undefined
  signal: AbortSignal
  progress: (bytes: number) => void
}>

/** A download under way: each way of sending goes on where the one before stopped. */
export type Course = PumpDown & { position: number }

/**
 * Why a way of sending stopped: at the end; `waits` for bytes that are not in memory; `warm`: the next ones are;
 * `unable`: this source and this socket cannot do it.
 */
export type Stop = 'end' | 'waits' | 'warm' | 'unable'

/** Resolves when the bytes are out of the buffer. */
export function send(socket: Duplex, bytes: Uint8Array, course: Course): Promise<void> {
  const wire = course.convert === undefined ? bytes : course.convert.push(bytes)
  course.position += bytes.length
  return new Promise((resolve, reject) => {
    socket.write(wire, (error) => {
      if (error) return reject(error)
      course.progress(wire.length)
      resolve()
    })
  })
}

/** Lets the other sessions have their turn. */
export function yieldTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
