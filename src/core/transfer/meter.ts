import type { TransferOutcome } from '../audit/events.ts'
import type { Clock } from '../ports.ts'

/** How a transfer went: bytes moved by this handle, not the size of the file. */
export type TransferReport = Readonly<{ outcome: TransferOutcome; bytes: number; durationMs: number }>

export type MeterOptions = Readonly<{
  clock: Pick<Clock, 'monotonic'>
  /** Called exactly once per handle, when it ends. */
  report(transfer: TransferReport): void
}>

/** What both meters count. */
export class Tally {
  bytes = 0
  failure: unknown
  readonly #options: MeterOptions
  readonly #startedAt: number
  #ended = false

  constructor(options: MeterOptions) {
    this.#options = options
    this.#startedAt = options.clock.monotonic()
  }

  /** Remembers the first failure and passes it on. */
  fail(error: unknown): never {
    this.failure ??= error
    throw error
  }

  end(outcome: TransferOutcome): void {
    if (this.#ended) return
    this.#ended = true
    const durationMs = Math.round(this.#options.clock.monotonic() - this.#startedAt)
    this.#options.report({ outcome, bytes: this.bytes, durationMs })
  }
}
