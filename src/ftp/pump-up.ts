import type { Duplex } from 'node:stream'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { WriteHandle } from '../core/vfs/storage.ts'
import type { Batch, Intake, IntakeOptions } from './intake.ts'
import { ChunkIntake } from './intake-chunks.ts'
import { SlabIntake } from './intake-slabs.ts'
import type { LineEnds } from './line-ends.ts'
import { canReadInto } from './read-into.ts'

export type PumpUp = Readonly<{
  target: WriteHandle
  at: number
  /** How the line ends of text are changed; undefined: the bytes are the file's. */
  text: LineEnds | undefined
  signal: AbortSignal
  progress: (bytes: number) => void
}>

/** Into memory of ours where that is possible: no garbage, few and big writes. */
function createIntake(options: IntakeOptions): Intake {
  return canReadInto(options.socket) ? new SlabIntake(options) : new ChunkIntake(options)
}

const closedEarly = () => new Error('data connection closed early')

/** An upload on a stream. */
class Pump {
  readonly done: Promise<void>
  readonly #socket: Duplex
  readonly #job: PumpUp
  readonly #intake: Intake
  readonly #resolve: () => void
  readonly #reject: (cause: unknown) => void
  #position: number
  #writing = false
  #ended = false
  #failure: { cause: unknown } | undefined

  readonly #onEnd = () => {
    if (this.#ended) return
    this.#ended = true
    this.#intake.end(true)
    void this.#flush()
  }
  readonly #onError = (error: Error) => this.#lost(error)
  readonly #onClose = () => this.#lost(closedEarly())
  readonly #onAbort = () => {
    this.#ended = false
    this.#socket.destroy()
    this.#lost(this.#job.signal.reason)
  }

  constructor(socket: Duplex, job: PumpUp, intake: Intake) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.done = promise
    this.#resolve = resolve
    this.#reject = reject
    this.#socket = socket
    this.#job = job
    this.#intake = intake
    this.#position = job.at
    if (job.signal.aborted) reject(job.signal.reason)
    else if (socket.destroyed && !socket.readableEnded) reject(closedEarly())
    else this.#start()
  }

  #start(): void {
    const { signal, progress } = this.#job
    signal.addEventListener('abort', this.#onAbort, { once: true })
    this.#intake.start((bytes) => {
      progress(bytes)
      if (this.#intake.due) void this.#flush()
    })
    this.#socket.on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose)
    // An end without a byte before it is told even to nobody, while the socket is paused.
    if (this.#socket.readableEnded) this.#onEnd()
    else this.#socket.resume()
  }

  /** One write after the other: a failed one must not leave a hole below a later one. */
  async #flush(): Promise<void> {
    if (this.#writing) return
    this.#writing = true
    try {
      for (let batch = this.#next(); batch !== undefined; batch = this.#next()) {
        const written = this.#write(batch)
        if (written !== undefined) await written
        if (!this.#ended) this.#intake.resume()
      }
    } catch (cause) {
      this.#failure = { cause }
      this.#socket.destroy()
      this.#intake.end(false)
      this.#intake.take()?.free()
    }
    this.#writing = false
    if (this.#failure !== undefined || this.#ended) this.#settle()
  }

  /** Undefined: it is written, and others need not have their turn first. */
  #write(batch: Batch): MaybePromise<void> {
    try {
      const written = this.#job.target.writev(batch.chunks, this.#position)
      this.#position += batch.bytes
      if (written !== undefined) return written.finally(batch.free)
    } catch (cause) {
      batch.free()
      throw cause
    }
    batch.free()
    return undefined
  }

  #next(): Batch | undefined {
    const { due } = this.#intake
    return this.#ended || this.#failure !== undefined || due ? this.#intake.take() : undefined
  }

  /** What has come is written all the same. */
  #lost(cause: unknown): void {
    if (this.#ended) return
    this.#failure ??= { cause }
    this.#intake.end(false)
    void this.#flush()
  }

  #settle(): void {
    this.#socket.off('end', this.#onEnd).off('error', this.#onError).off('close', this.#onClose)
    this.#job.signal.removeEventListener('abort', this.#onAbort)
    if (this.#failure === undefined) this.#resolve()
    else this.#reject(this.#failure.cause)
  }
}

/**
 * Writes what the peer sends until its end. Rejects when the connection breaks, the target fails or the signal
 * aborts; what had come by then has been written, so that the partial is as long as it can be.
 */
export function pumpUp(socket: Duplex, job: PumpUp, open = createIntake): Promise<void> {
  return new Pump(socket, job, open({ socket, text: job.text })).done
}
