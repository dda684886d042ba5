import type { Socket } from 'node:net'
import type { Clock } from '../core/ports.ts'
import { KEX_AT_ONCE, KEX_EACH_BYTES, KEX_EACH_MS } from './limits.ts'

export type KexAllowanceOptions = Readonly<{
  clock: Pick<Clock, 'monotonic'>
  socket: Pick<Socket, 'bytesRead' | 'bytesWritten'>
}>

/**
 * How often a client may begin a key exchange: one may cost the server a tenth of a second, in which nobody else is served,
 * and a client that does not compute its part next to nothing. Time and traffic give it new ones.
 */
export class KexAllowance {
  readonly #options: KexAllowanceOptions
  #left = KEX_AT_ONCE
  #earned = 0

  constructor(options: KexAllowanceOptions) {
    this.#options = options
  }

  /** False when it has begun too many. */
  take(): boolean {
    const { clock, socket } = this.#options
    const moved = socket.bytesRead + socket.bytesWritten
    const earned = clock.monotonic() / KEX_EACH_MS + moved / KEX_EACH_BYTES
    this.#left = Math.min(KEX_AT_ONCE, this.#left + earned - this.#earned) - 1
    this.#earned = earned
    return this.#left >= 0
  }
}
