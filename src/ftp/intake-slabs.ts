import type { Duplex } from 'node:stream'
import type { Batch, Intake, IntakeOptions } from './intake.ts'
import type { LineEnds } from './line-ends.ts'
import { readInto } from './read-into.ts'
import { beginWithReturn, endsOpen, usedAtEnd, usedWith } from './slab-text.ts'
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

/** What came before is copied in pieces for which there is always room. */
const EARLY_PIECE = SMALL_SLAB / 2

type Piece = Readonly<{ bytes: Uint8Array; slab: Slab }>

/** Straight into slabs: a full one waits for its write while the next one is filled. */
export class SlabIntake implements Intake {
  readonly #socket: Duplex
  readonly #text: LineEnds | undefined
  #waiting: Piece[] = []
  #current: Slab | undefined
  #used = 0
  #arrived: (bytes: number) => void = () => undefined

  constructor({ socket, text }: IntakeOptions) {
    this.#socket = socket
    this.#text = text
  }

  start(arrived: (bytes: number) => void): void {
    this.#arrived = arrived
    this.#current = takeSlab(SMALL_SLAB)
    // What came before is in the stream's own memory, and comes first.
    const early: Buffer | null = this.#socket.readableLength > 0 ? this.#socket.read() : null
    if (early !== null) this.#keep(early)
    readInto(this.#socket, {
      filled: (bytes) => this.#filled(bytes),
      next: () => this.#current?.rest(this.#used) ?? NOWHERE,
    })
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
        for (const { slab } of pieces) giveSlab(slab)
      },
    }
  }

  end(whole: boolean): void {
    const slab = this.#current
    this.#current = undefined
    if (slab === undefined) return
    const used = usedAtEnd(this.#text, slab, this.#used, whole)
    if (used > 0) this.#hand(slab, used)
    else giveSlab(slab)
  }

  resume(): void {
    this.#socket.resume()
  }

  #keep(early: Uint8Array): void {
    for (let at = 0; at < early.length; at += EARLY_PIECE) {
      const piece = early.subarray(at, at + EARLY_PIECE)
      this.#current?.rest(this.#used).set(piece)
      this.#filled(piece.length)
    }
  }

  #filled(bytes: number): boolean {
    const slab = this.#current
    if (slab === undefined) return true
    const used = usedWith(this.#text, slab, this.#used, bytes)
    this.#used = used
    if (slab.size - used < roomFor(slab)) {
      const open = endsOpen(this.#text, slab, used)
      const next = takeSlab(LARGE_SLAB)
      this.#current = open ? beginWithReturn(next) : next
      this.#used = open ? 1 : 0
      this.#hand(slab, used - this.#used)
    }
    this.#arrived(bytes)
    return this.#waiting.length <= MAX_WAITING
  }

  #hand(slab: Slab, used: number): void {
    this.#waiting.push({ bytes: slab.filled(used), slab })
  }
}

/** The first slab of an upload is small; half of it is enough to know that more comes. */
function roomFor(slab: Slab): number {
  return slab.size === SMALL_SLAB ? SMALL_SLAB / 2 : MIN_ROOM
}
