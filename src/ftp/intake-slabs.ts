import type { Duplex } from 'node:stream'
import type { Batch, Intake, IntakeOptions } from './intake.ts'
import { readInto } from './read-into.ts'
import { giveSlab, LARGE_SLAB, type Slab, SMALL_SLAB, takeSlab } from './slabs.ts'

/** Pieces that may wait for the disk beside the slab that is being filled. */
const MAX_WAITING = 1
/**
 * A slab with less room is left for a new one. A TLS socket goes on after a stop, with what tls-feed.ts read last
 * (64 KiB) and a record that was waiting for its end: there must be room for these.
 */
const MIN_ROOM = 96 * 1024
/** Where a socket may still put what nobody takes. */
const NOWHERE = Buffer.allocUnsafeSlow(SMALL_SLAB)

type Piece = Readonly<{ bytes: Uint8Array; slab: Slab | undefined }>

/** Straight into slabs: a full one waits for its write while the next one is filled. */
export class SlabIntake implements Intake {
  readonly #socket: Duplex
  #waiting: Piece[] = []
  #current: Slab | undefined
  #used = 0
  #arrived: (bytes: number) => void = () => undefined

  constructor({ socket }: Pick<IntakeOptions, 'socket'>) {
    this.#socket = socket
  }

  start(arrived: (bytes: number) => void): void {
    this.#arrived = arrived
    this.#current = takeSlab(SMALL_SLAB)
    // What came before is in the stream's own memory, and comes first.
    const early: Buffer | null = this.#socket.readableLength > 0 ? this.#socket.read() : null
    readInto(this.#socket, {
      filled: (bytes) => this.#filled(bytes),
      next: () => this.#current?.rest(this.#used) ?? NOWHERE,
    })
    if (early === null) return
    this.#waiting.push({ bytes: early, slab: undefined })
    arrived(early.length)
  }

  get due(): boolean {
    return this.#waiting.length > 0
  }

  take(): Batch | undefined {
    if (this.#waiting.length === 0) return undefined
    const pieces = this.#waiting
    this.#waiting = []
    return {
      chunks: pieces.map(({ bytes }) => bytes),
      bytes: pieces.reduce((sum, { bytes }) => sum + bytes.length, 0),
      free: () => {
        for (const { slab } of pieces) if (slab !== undefined) giveSlab(slab)
      },
    }
  }

  end(): void {
    const slab = this.#current
    if (slab !== undefined && this.#used > 0) this.#hand(slab)
    else if (slab !== undefined) giveSlab(slab)
    this.#current = undefined
  }

  resume(): void {
    this.#socket.resume()
  }

  #filled(bytes: number): boolean {
    const slab = this.#current
    if (slab === undefined) return true
    this.#used += bytes
    if (slab.size - this.#used < roomFor(slab)) {
      this.#hand(slab)
      this.#current = takeSlab(LARGE_SLAB)
      this.#used = 0
    }
    this.#arrived(bytes)
    return this.#waiting.length <= MAX_WAITING
  }

  #hand(slab: Slab): void {
    this.#waiting.push({ bytes: slab.filled(this.#used), slab })
  }
}

/** The first slab of an upload is small; half of it is enough to know that more comes. */
function roomFor(slab: Slab): number {
  return slab.size === SMALL_SLAB ? SMALL_SLAB / 2 : MIN_ROOM
}
