import type { Duplex } from 'node:stream'
import { type Convert, fromNetwork } from './ascii.ts'
import type { Batch, Intake, IntakeOptions } from './intake.ts'

/** Written in one go when so much has come; fewer hops to the disk matter more than its size. */
const BATCH_BYTES = 1024 * 1024
/** The peer is stopped when so much waits for the disk. */
const MAX_WAITING_BYTES = 1536 * 1024
/** Tiny packets each cost an object and a vector entry: a limit in pieces too. */
const MAX_WAITING_CHUNKS = 1024

/** From 'data' events. */
export class ChunkIntake implements Intake {
  readonly #socket: Duplex
  readonly #convert: Convert | undefined
  #chunks: Uint8Array[] = []
  #bytes = 0
  #arrived: (bytes: number) => void = () => undefined
  readonly #onData = (chunk: Uint8Array) => this.#took(chunk)

  constructor({ socket, text }: IntakeOptions) {
    this.#socket = socket
    this.#convert = text === undefined ? undefined : fromNetwork(text)
  }

  start(arrived: (bytes: number) => void): void {
    this.#arrived = arrived
    this.#socket.on('data', this.#onData)
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
    this.#socket.off('data', this.#onData)
    if (whole && this.#convert !== undefined) this.#keep(this.#convert.end())
  }

  resume(): void {
    this.#socket.resume()
  }

  #took(chunk: Uint8Array): void {
    this.#keep(this.#convert === undefined ? chunk : this.#convert.push(chunk))
    if (this.#bytes >= MAX_WAITING_BYTES || this.#chunks.length >= MAX_WAITING_CHUNKS) this.#socket.pause()
    this.#arrived(chunk.length)
  }

  #keep(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
  }
}
