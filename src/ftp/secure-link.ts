import { constants } from 'node:os'
import { FileServerError } from '../core/errors.ts'
import type { DataLink } from './data-link.ts'
import type { Link } from './link.ts'
import type { Direction, LinkContext } from './link-context.ts'
import { READABLE } from './native-sockets.ts'
import type { NativeTls } from './native-tls.ts'

const { EAGAIN } = constants.errno

/** TLS on a link, which is closed with it. */
export class SecureLink implements Link {
  readonly encrypted = true
  readonly descriptor = -1
  readonly #native: NativeTls
  readonly #tls: object
  readonly #link: DataLink
  #reading = false
  #soon = false
  #ending = false
  #ready: () => void = nothing
  readonly #told = () => this.#tell()

  /** Closes the link when there can be no TLS on it, and throws. */
  constructor({ native, handle }: LinkContext, link: DataLink, direction: Direction) {
    const tls = native.openTls(handle, link.descriptor, direction === 'up' ? 1 : 0)
    if (tls === null) {
      link.close()
      throw new FileServerError('transfer.no-data-connection', 'no memory for TLS')
    }
    this.#native = native
    this.#tls = tls
    this.#link = link
  }

  get open(): boolean {
    return this.#link.open
  }

  /** The client resumed a session; known after the handshake. */
  get resumed(): boolean {
    return this.#native.tlsResumed(this.#tls) === 1
  }

  /** Goes on with the handshake: 0 when it is done, else what to wait for. Throws when it has failed. */
  shakeHands(): number {
    const wanted = this.#native.shakeHands(this.#tls)
    if (wanted < 0) throw this.#lost()
    return wanted
  }

  send(bytes: Uint8Array, from: number, last: boolean): number {
    return this.#moved(this.#native.sendTls(this.#tls, bytes, from, bytes.length, last ? 1 : 0)) ?? 0
  }

  flush(): boolean {
    if (this.#moved(this.#native.flushTls(this.#tls)) === undefined) return false
    if (this.#ending) {
      this.#leaveSending()
      // Its buffers are not kept while the client still reads.
      this.#native.closeTls(this.#tls)
    }
    this.#ending = false
    return true
  }

  /** A client that has been told the end by TLS may be gone by now, and reset what nobody waits for: it has lost nothing. */
  #leaveSending(): void {
    try {
      this.#link.endSending()
    } catch {
      return
    }
  }

  receive(into: Uint8Array, used: number): number | undefined {
    const bytes = this.#moved(this.#native.receiveTls(this.#tls, into, used))
    // RFC 5246 section 7.2.1: who is told the end says it as well. There is room for it, or nobody who reads it.
    if (bytes === 0) this.#native.endTls(this.#tls)
    return bytes
  }

  get more(): boolean {
    return this.#native.pendingTls(this.#tls) === 1
  }

  wait(events: number, ready: () => void): void {
    this.#ready = ready
    this.#reading = events === READABLE
    this.#link.wait(events, this.#told)
    this.#again()
  }

  rest(): void {
    this.#reading = false
    this.#link.rest()
  }

  endSending(): void {
    this.#ending = true
    this.#moved(this.#native.endTls(this.#tls))
  }

  closeGently(): void {
    this.#free()
    this.#link.closeGently()
  }

  close(): void {
    this.#free()
    this.#link.close()
  }

  cut(): void {
    const ready = this.#ready
    this.close()
    ready()
  }

  #tell(): void {
    this.#ready()
    this.#again()
  }

  /** What OpenSSL has read ahead, the system does not tell about. */
  #again(): void {
    if (!this.#reading || this.#soon || !this.more) return
    this.#soon = true
    setImmediate(() => {
      this.#soon = false
      if (this.#reading) this.#tell()
    })
  }

  #free(): void {
    if (!this.#link.open) return
    this.#reading = false
    this.#ready = nothing
    this.#native.closeTls(this.#tls)
  }

  #moved(result: number): number | undefined {
    if (result >= 0) return result
    if (result === -EAGAIN) return undefined
    throw this.#lost()
  }

  #lost(): Error {
    return new Error(`TLS: ${this.#native.tlsProblem(this.#tls)}`)
  }
}

function nothing(): void {}
