import type { Clock, Timer } from '../core/ports.ts'
import type { TransferNote } from '../core/vfs/session.ts'
import type { FtpSettings } from './settings.ts'
import { limit } from './time-limit.ts'

/** A transfer, as far as it can stall. */
type Stalling = { readonly note: TransferNote; abort(): void }

/** Ends the transfer in which nothing moves. Its timer outlives a transfer: making one costs more than it going off in vain. */
export class StallWatch {
  readonly #clock: Clock
  readonly #ms: number
  #timer: Timer | undefined
  #running: Stalling | undefined

  constructor(clock: Clock, { stallMs }: Pick<FtpSettings, 'stallMs'>) {
    this.#clock = clock
    this.#ms = stallMs
  }

  begin(transfer: Stalling): void {
    this.#running = transfer
    if (this.#timer === undefined) this.#timer = limit(this.#clock, this.#ms, () => this.#over())
    else this.#timer.refresh()
  }

  /** Bytes have moved, or the user's rate lets none move. */
  moved(): void {
    if (this.#running !== undefined) this.#timer?.refresh()
  }

  end(): void {
    this.#running = undefined
  }

  stop(): void {
    this.end()
    this.#timer?.cancel()
  }

  #over(): void {
    this.#timer = undefined
    if (this.#running === undefined) return
    this.#running.note.limit = 'ftp.stallSeconds'
    this.#running.abort()
  }
}
