import type { WriteHandle } from '../core/vfs/storage.ts'
import { allTold } from './course.ts'
import type { LineEnds } from './line-ends.ts'
import type { Link } from './link.ts'
import { READABLE } from './native-sockets.ts'
import type { Death } from './session.ts'
import { beginWithReturn, endsOpen, usedAtEnd, usedWith } from './slab-text.ts'
import { giveSlab, LARGE_SLAB, type Slab, SMALL_SLAB, takeSlab } from './slabs.ts'

/** What one session takes in before others get their turn. */
const TURN_BYTES = 1024 * 1024
/** A call that brings less counts as this much: records of one byte cost more than their bytes tell. */
const CALL_BYTES = 128 * 1024
/** A slab with less room is written: what the system would put there is hardly worth the call. */
const MIN_ROOM = 64 * 1024
/** The first slab is small; half of it is enough to know that more comes. */
const MIN_ROOM_SMALL = SMALL_SLAB / 2

const DIED = { cause: new Error('the client has died') }

export type LinkUp = Readonly<{
  target: WriteHandle
  at: number
  /** How the line ends of text are changed; undefined: the bytes are the file's. */
  text: LineEnds | undefined
  /** Asked at the end: what comes from a client that has died is not whole. Undefined: that is seen in another turn only. */
  died: (() => Death) | undefined
  progress: (bytes: number) => void
}>

type Piece = Readonly<{ slab: Slab; used: number }>

/** An upload on a link: one slab is filled while another is being written; with a third the client has to wait. */
class Intake {
  readonly done: Promise<void>
  readonly #link: Link
  readonly #job: LinkUp
  readonly #resolve: () => void
  readonly #reject: (cause: unknown) => void
  readonly #ready = () => this.#read()
  /** The one that is being filled. */
  #slab: Slab | undefined = takeSlab(SMALL_SLAB)
  #used = 0
  #position: number
  #writing = false
  #waiting: Piece | undefined
  #ended = false
  #failure: { cause: unknown } | undefined

  constructor(link: Link, job: LinkUp) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.done = promise
    this.#resolve = resolve
    this.#reject = reject
    this.#link = link
    this.#job = job
    this.#position = job.at
    link.wait(READABLE, this.#ready)
  }

  #read(): void {
    if (this.#ended) return
    try {
      this.#fill()
    } catch (cause) {
      this.#end({ cause })
    }
  }

  #fill(): void {
    for (let turn = TURN_BYTES; turn > 0; ) {
      this.#slab ??= takeSlab(LARGE_SLAB)
      const slab = this.#slab
      const bytes = this.#link.receive(slab.rest(0), this.#used)
      if (bytes === undefined) return
      if (bytes === 0) {
        this.#atEnd()
        return
      }
      this.#used = usedWith(this.#job.text, slab, this.#used, bytes)
      this.#job.progress(bytes)
      turn -= Math.max(bytes, CALL_BYTES)
      const room = slab.size - this.#used
      // Of a small file the end mostly is here by now. Else it is looked for in another turn: a client that died shows
      // it on its control connection too, mostly by then.
      if (room >= minRoom(slab)) {
        const looksOn = this.#job.died !== undefined && slab.size === SMALL_SLAB
        if (looksOn || this.#link.more) continue
        return
      }
      this.#turnOver(slab, this.#used)
      if (this.#waiting !== undefined) this.#link.rest()
      if (this.#ended || this.#waiting !== undefined) return
    }
  }

  #atEnd(): void {
    const death = this.#job.died?.() ?? 'no'
    if (death === 'no') this.#end(undefined)
    else if (death === 'yes') this.#end(DIED)
    else {
      this.#link.rest()
      void this.#endLater()
    }
  }

  /** A client may have said before its end that it will leave; who still is not read then says too much to be heard. */
  async #endLater(): Promise<void> {
    await allTold()
    if (!this.#ended) this.#end(this.#job.died?.() === 'no' ? undefined : DIED)
  }

  /** A CR at the end goes on in the next slab, as its LF may come there. */
  #turnOver(slab: Slab, used: number): void {
    const open = endsOpen(this.#job.text, slab, used)
    this.#slab = open ? beginWithReturn(takeSlab(LARGE_SLAB)) : undefined
    this.#used = open ? 1 : 0
    this.#hand(slab, used - this.#used)
  }

  /** One write after the other: a failed one must not leave a hole below a later one. */
  #hand(slab: Slab, used: number): void {
    const piece = { slab, used }
    if (this.#writing) this.#waiting = piece
    else this.#write(piece)
  }

  #write({ slab, used }: Piece): void {
    try {
      const written = this.#job.target.write(slab.filled(used), this.#position)
      this.#position += used
      if (written === undefined) {
        giveSlab(slab)
        return
      }
      this.#writing = true
      written.then(
        () => this.#written(slab),
        (cause: unknown) => this.#failed(cause, slab),
      )
    } catch (cause) {
      this.#failed(cause, slab)
    }
  }

  #written(slab: Slab): void {
    giveSlab(slab)
    this.#writing = false
    const piece = this.#waiting
    this.#waiting = undefined
    if (piece !== undefined) this.#write(piece)
    if (this.#ended) this.#settle()
    else if (piece !== undefined) this.#resume()
  }

  #resume(): void {
    try {
      this.#link.wait(READABLE, this.#ready)
    } catch (cause) {
      this.#end({ cause })
    }
  }

  /** Nothing more is written, not even what is here already. */
  #failed(cause: unknown, slab: Slab): void {
    giveSlab(slab)
    if (this.#waiting !== undefined) giveSlab(this.#waiting.slab)
    this.#waiting = undefined
    this.#writing = false
    this.#used = 0
    this.#failure ??= { cause }
    if (this.#ended) this.#settle()
    else this.#end(this.#failure)
  }

  /** What has come is written, whole or not, so that a partial is as long as it can be. */
  #end(failure: { cause: unknown } | undefined): void {
    this.#ended = true
    this.#failure ??= failure
    this.#link.close()
    const slab = this.#slab
    this.#slab = undefined
    if (slab !== undefined) this.#last(slab, this.#failure === undefined)
    this.#settle()
  }

  #last(slab: Slab, whole: boolean): void {
    const used = usedAtEnd(this.#job.text, slab, this.#used, whole)
    if (used > 0) this.#hand(slab, used)
    else giveSlab(slab)
  }

  #settle(): void {
    if (this.#writing) return
    if (this.#failure === undefined) this.#resolve()
    else this.#reject(this.#failure.cause)
  }
}

function minRoom(slab: Slab): number {
  return slab.size === SMALL_SLAB ? MIN_ROOM_SMALL : MIN_ROOM
}

/**
 * Writes what the peer sends until its end, and closes the link then. Rejects when the connection breaks or the target
 * fails; what had come by then has been written, so that the partial is as long as it can be.
 */
export function receiveUp(link: Link, job: LinkUp): Promise<void> {
  return new Intake(link, job).done
}
