import type { MaybePromise, ReadHandle } from '../core/vfs/storage.ts'
import type { Convert } from './ascii.ts'
import type { DataSocket } from './data-channel.ts'

/** A bigger write does not fit a plain socket's buffer whole and costs twice as much; TLS likes fewer, bigger ones. */
const PLAIN_PIECE = 128 * 1024
const TLS_PIECE = 256 * 1024
/** Where the disk answers later, the hop to it is the cost: few big ones. */
const ASYNC_PIECE = 1024 * 1024
/** Work without waiting that one session may do before others get their turn. */
const TURN_BYTES = 256 * 1024

export type PumpDown = Readonly<{
  source: ReadHandle
  from: number
  /** Bytes from `from` to the end as known at the start; sizes the buffers only. */
  expected: number
  convert: Convert | undefined
  signal: AbortSignal
  progress: (bytes: number) => void
}>

/** Sends from `from` to the end of the source. Does not end the socket. */
export async function pumpDown(socket: DataSocket, job: PumpDown): Promise<void> {
  const piece = 'encrypted' in socket ? TLS_PIECE : PLAIN_PIECE
  const buffer = Buffer.allocUnsafeSlow(bufferSize(job.expected, piece))
  let position = job.from
  let turn = TURN_BYTES
  for (;;) {
    job.signal.throwIfAborted()
    const answer: MaybePromise<number> = job.source.read(buffer, position)
    const bytes = typeof answer === 'number' ? answer : await answer
    if (bytes === 0) return
    position += bytes
    await send(socket, buffer.subarray(0, bytes), job)
    if (typeof answer !== 'number') return pumpAsync(socket, job, position)
    turn -= bytes
    if (turn <= 0) {
      turn = TURN_BYTES
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

/** Two buffers: one is read into while the other is being sent. */
async function pumpAsync(socket: DataSocket, job: PumpDown, from: number): Promise<void> {
  const size = bufferSize(job.expected - (from - job.from), ASYNC_PIECE)
  let [filling, spare] = [Buffer.allocUnsafeSlow(size), Buffer.allocUnsafeSlow(size)]
  let position = from
  let reading = Promise.resolve(job.source.read(filling, position))
  for (;;) {
    const bytes = await reading
    if (bytes === 0) return
    const full = filling.subarray(0, bytes)
    position += bytes
    ;[filling, spare] = [spare, filling]
    const sending = send(socket, full, job)
    reading = Promise.resolve(job.source.read(filling, position))
    // The read must have ended before the caller may close the source, whatever becomes of the socket.
    const [sent] = await Promise.allSettled([sending, reading])
    if (sent.status === 'rejected') throw sent.reason
    job.signal.throwIfAborted()
  }
}

/** One byte more than expected, so that the end of a file that did not grow is found without a second buffer. */
function bufferSize(expected: number, piece: number): number {
  return Math.max(1, Math.min(piece, expected + 1))
}

/** Resolves when the bytes are out of the buffer. */
function send(socket: DataSocket, bytes: Uint8Array, job: PumpDown): Promise<void> {
  const wire = job.convert === undefined ? bytes : job.convert.push(bytes)
  return new Promise((resolve, reject) => {
    socket.write(wire, (error) => {
      if (error) return reject(error)
      job.progress(wire.length)
      resolve()
    })
  })
}
