import { Duplex } from 'node:stream'
import type { Link } from './link.ts'
import { READABLE } from './native-sockets.ts'

/**
 * What one call brings, for all of them; what waits is a copy, as large as it is. Else a client could have as many of these
 * as it sends single bytes, while what it has sent before is still being unpacked.
 */
const ARRIVING = Buffer.allocUnsafeSlow(64 * 1024)

/** What comes in on a link, as a stream, for who unpacks it. Closes the link; nothing can be written to it. */
export class LinkStream extends Duplex {
  readonly #link: Link
  readonly #ready = () => this.#receive()

  constructor(link: Link) {
    super()
    // 'close' follows, and is where it is handled: who unpacks listens to the unpacked stream only.
    this.on('error', () => undefined)
    this.#link = link
  }

  override _read(): void {
    try {
      this.#link.wait(READABLE, this.#ready)
    } catch (cause) {
      this.#lost(cause)
    }
  }

  override _final(done: () => void): void {
    this.#link.close()
    done()
  }

  override _destroy(cause: Error | null, done: (error: Error | null) => void): void {
    this.#link.close()
    done(cause)
  }

  #receive(): void {
    if (this.destroyed) return
    try {
      const bytes = this.#link.receive(ARRIVING, 0)
      if (bytes === undefined) return
      if (bytes === 0) this.#link.rest()
      if (!this.push(bytes === 0 ? null : Buffer.from(ARRIVING.subarray(0, bytes)))) this.#link.rest()
    } catch (cause) {
      this.#lost(cause)
    }
  }

  #lost(cause: unknown): void {
    this.destroy(cause instanceof Error ? cause : new Error('data connection lost', { cause }))
  }
}
