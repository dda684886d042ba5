import type { Batch, Intake, IntakeOptions } from './intake.ts'

/** Written in one go when so much has come; fewer hops to the disk matter more than its size. */
const BATCH_BYTES = 1024 * 1024
/** The peer is stopped when so much waits for the disk. */
const MAX_WAITING_BYTES = 1536 * 1024
/** Tiny packets each cost an object and a vector entry: a limit in pieces too. */
const MAX_WAITING_CHUNKS = 1024

/** From 'data' events. */
export class ChunkIntake implements Intake {
  readonly #options: IntakeOptions
  #chunks: Uint8Array[] = []
  #bytes = 0
  #arrived: (bytes: number) => void = () => undefined
  readonly #onData = (chunk: Uint8Array) => this.#took(chunk)

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  start(arrived: (bytes: number) => void): void {
    this.#arrived = arrived
    this.#options.socket.on('data', this.#onData)
  }

  get due(): boolean {
    return this.#bytes >= BATCH_BYTES || this.#chunks.length >= MAX_WAITING_CHUNKS
  }

  take(): Batch | undefined {
    if (this.#bytes === 0) return undefined
    const batch = { chunks: this.#chunks, bytes: this.#bytes, free: () => undefined }
    this.#chunks = []
    this.#bytes = 0
    return batch
  }

  end(whole: boolean): void {
    const { socket, convert } = this.#options
    socket.off('data', this.#onData)
    if (whole && convert !== undefined) this.#keep(convert.end())
  }

  resume(): void {
    this.#options.socket.resume()
  }

  #took(chunk: Uint8Array): void {
    const { socket, convert } = this.#options
    this.#keep(convert === undefined ? chunk : convert.push(chunk))
    if (this.#bytes >= MAX_WAITING_BYTES || this.#chunks.length >= MAX_WAITING_CHUNKS) socket.pause()
    this.#arrived(chunk.length)
  }

  #keep(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
  }
}
