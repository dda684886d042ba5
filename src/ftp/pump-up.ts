import type { Duplex } from 'node:stream'
import type { WriteHandle } from '../core/vfs/storage.ts'
import type { Convert } from './ascii.ts'
import type { Intake, IntakeOptions } from './intake.ts'
import { createChunkIntake } from './intake-chunks.ts'
import { createSlabIntake } from './intake-slabs.ts'
import { canReadInto } from './read-into.ts'

export type PumpUp = Readonly<{
  target: WriteHandle
  at: number
  convert: Convert | undefined
  signal: AbortSignal
  progress: (bytes: number) => void
}>

/** Into memory of ours where that is possible: no garbage, few and big writes. Text is converted chunk by chunk. */
function createIntake(options: IntakeOptions): Intake {
  const direct = options.convert === undefined && canReadInto(options.socket)
  return direct ? createSlabIntake(options) : createChunkIntake(options)
}

/**
 * Writes what the peer sends until its end. Rejects when the connection breaks, the target fails or the signal
 * aborts; what had come by then has been written, so that the partial is as long as it can be.
 */
export function pumpUp(socket: Duplex, job: PumpUp, open = createIntake): Promise<void> {
  const intake = open({ socket, convert: job.convert })
  return new Promise((resolve, reject) => {
    let position = job.at
    let writing = false
    let ended = false
    let failure: { cause: unknown } | undefined

    /** One write after the other: a failed one must not leave a hole below a later one. */
    async function flush(): Promise<void> {
      if (writing) return
      writing = true
      try {
        for (let batch = next(); batch !== undefined; batch = next()) {
          try {
            const written = job.target.writev(batch.chunks, position)
            position += batch.bytes
            if (written !== undefined) await written
          } finally {
            batch.free()
          }
          if (!ended) intake.resume()
        }
      } catch (cause) {
        failure = { cause }
        socket.destroy()
        intake.end(false)
        intake.take()?.free()
      }
      writing = false
      if (failure !== undefined) settle(() => reject(failure?.cause))
      else if (ended) settle(resolve)
    }
    const next = () => (ended || failure !== undefined || intake.due ? intake.take() : undefined)

    const arrived = (bytes: number) => {
      job.progress(bytes)
      if (intake.due) void flush()
    }
    const onEnd = () => {
      if (ended) return
      ended = true
      intake.end(true)
      void flush()
    }
    const onLost = (cause: unknown) => {
      if (ended) return
      failure ??= { cause }
      intake.end(false)
      void flush()
    }
    const onError = (error: Error) => onLost(error)
    const onClose = () => onLost(new Error('data connection closed early'))
    const onAbort = () => {
      ended = false
      socket.destroy()
      onLost(job.signal.reason)
    }
    function settle(how: () => void): void {
      socket.off('end', onEnd).off('error', onError).off('close', onClose)
      job.signal.removeEventListener('abort', onAbort)
      how()
    }

    if (job.signal.aborted) return reject(job.signal.reason)
    if (socket.destroyed && !socket.readableEnded) return reject(new Error('data connection closed early'))
    job.signal.addEventListener('abort', onAbort, { once: true })
    intake.start(arrived)
    socket.on('end', onEnd).on('error', onError).on('close', onClose)
    // An end without a byte before it is told even to nobody, while the socket is paused.
    if (socket.readableEnded) onEnd()
    else socket.resume()
  })
}
