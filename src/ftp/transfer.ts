import { FileServerError } from '../core/errors.ts'
import type { TransferNote } from '../core/vfs/session.ts'
import type { Transfer } from './session.ts'
import type { StallWatch } from './stall.ts'

/** A class, and its signal is made for who asks: a small file is over before anybody does. */
class RunningTransfer implements Transfer {
  readonly verb: string
  readonly note: TransferNote = {}
  bytes = 0
  outlives = false
  opened = false
  cut: (() => void) | undefined
  readonly #stall: Pick<StallWatch, 'moved'>
  #reason: FileServerError | undefined
  #controller: AbortController | undefined

  constructor(verb: string, stall: Pick<StallWatch, 'moved'>) {
    this.verb = verb
    this.#stall = stall
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  slowed(): void {
    this.#stall.moved()
  }

  throwIfAborted(): void {
    if (this.#reason !== undefined) throw this.#reason
  }

  abort(): void {
    if (this.#reason !== undefined) return
    this.#reason = new FileServerError('transfer.aborted')
    this.#controller?.abort(this.#reason)
    this.cut?.()
  }
}

export function createTransfer(verb: string, stall: Pick<StallWatch, 'moved'>): Transfer {
  return new RunningTransfer(verb, stall)
}
