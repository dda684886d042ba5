import type { WriteHandle } from '../core/vfs/storage.ts'
import type { Convert } from './ascii.ts'
import type { DataSocket } from './data-channel.ts'

/** Written in one go when so much has come; fewer hops to the disk matter more than its size. */
const BATCH_BYTES = 1024 * 1024
/** The peer is stopped when so much waits for the disk. */
const MAX_WAITING_BYTES = 1536 * 1024
/** Tiny packets each cost an object and a vector entry: a limit in pieces too. */
const MAX_WAITING_CHUNKS = 1024

export type PumpUp = Readonly<{
  target: WriteHandle
  at: number
  convert: Convert | undefined
  signal: AbortSignal
  progress: (bytes: number) => void
}>

/**
 * Writes what the peer sends until its end. Rejects when the connection breaks, the target fails or the signal
 * aborts; what had come by then has been written, so that the partial is as long as it can be.
 */
export function pumpUp(socket: DataSocket, job: PumpUp): Promise<void> {
  return new Promise((resolve, reject) => {
    let waiting: Uint8Array[] = []
    let waitingBytes = 0
    let position = job.at
    let writing = false
    let ended = false
    let failure: { cause: unknown } | undefined

    function take(chunk: Uint8Array): void {
      if (chunk.length === 0) return
      waiting.push(chunk)
      waitingBytes += chunk.length
    }

    async function flush(): Promise<void> {
      if (writing) return
      writing = true
      try {
        while (waitingBytes > 0 && (ended || failure !== undefined || due())) {
          const batch = waiting
          const bytes = waitingBytes
          waiting = []
          waitingBytes = 0
          const written = job.target.writev(batch, position)
          position += bytes
          if (written !== undefined) await written
          if (!ended) socket.resume()
        }
      } catch (cause) {
        failure = { cause }
        waiting = []
        waitingBytes = 0
        socket.destroy()
      }
      writing = false
      if (failure !== undefined) settle(() => reject(failure?.cause))
      else if (ended) settle(resolve)
    }

    const due = () => waitingBytes >= BATCH_BYTES || waiting.length >= MAX_WAITING_CHUNKS
    const onData = (chunk: Uint8Array) => {
      job.progress(chunk.length)
      take(job.convert === undefined ? chunk : job.convert.push(chunk))
      if (waitingBytes >= MAX_WAITING_BYTES || waiting.length >= MAX_WAITING_CHUNKS) socket.pause()
      if (due()) void flush()
    }
    const onEnd = () => {
      ended = true
      if (job.convert !== undefined) take(job.convert.end())
      void flush()
    }
    const onLost = (cause: unknown) => {
      if (ended) return
      failure ??= { cause }
      void flush()
    }
    const onError = (error: Error) => onLost(error)
    const onClose = () => onLost(new Error('data connection closed early'))
    const onAbort = () => {
      ended = false
      onLost(job.signal.reason)
      socket.destroy()
    }
    function settle(how: () => void): void {
      socket.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose)
      job.signal.removeEventListener('abort', onAbort)
      how()
    }

    if (job.signal.aborted) return reject(job.signal.reason)
    if (socket.destroyed && !socket.readableEnded) return reject(new Error('data connection closed early'))
    job.signal.addEventListener('abort', onAbort, { once: true })
    socket.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose)
    // An end without a byte before it is told even to nobody, while the socket is paused.
    if (socket.readableEnded) onEnd()
    else socket.resume()
  })
}
