import type { Intake, IntakeOptions } from './intake.ts'

/** Written in one go when so much has come; fewer hops to the disk matter more than its size. */
const BATCH_BYTES = 1024 * 1024
/** The peer is stopped when so much waits for the disk. */
const MAX_WAITING_BYTES = 1536 * 1024
/** Tiny packets each cost an object and a vector entry: a limit in pieces too. */
const MAX_WAITING_CHUNKS = 1024

/** From 'data' events. */
export function createChunkIntake({ socket, convert }: IntakeOptions): Intake {
  let chunks: Uint8Array[] = []
  let bytes = 0
  let arrived: (bytes: number) => void = () => undefined

  function keep(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    chunks.push(chunk)
    bytes += chunk.length
  }
  function onData(chunk: Uint8Array): void {
    keep(convert === undefined ? chunk : convert.push(chunk))
    if (bytes >= MAX_WAITING_BYTES || chunks.length >= MAX_WAITING_CHUNKS) socket.pause()
    arrived(chunk.length)
  }
  return {
    start(then) {
      arrived = then
      socket.on('data', onData)
    },
    get due() {
      return bytes >= BATCH_BYTES || chunks.length >= MAX_WAITING_CHUNKS
    },
    take() {
      if (bytes === 0) return undefined
      const batch = { chunks, bytes, free: () => undefined }
      chunks = []
      bytes = 0
      return batch
    },
    end(whole) {
      socket.off('data', onData)
      if (whole && convert !== undefined) keep(convert.end())
    },
    resume: () => socket.resume(),
  }
}
