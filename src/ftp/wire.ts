import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { LineItem } from './line-reader.ts'
import { LineReader } from './line-reader.ts'
import { canReadInto, readInto } from './read-into.ts'
import { formatReply, type Reply } from './replies.ts'
import type { TlsPeer } from './tls.ts'

/** Unsent replies after which no further command is run: the client does not read. */
const MAX_UNSENT_BYTES = 64 * 1024

/** What one read of any control connection brings: taken in before the next, so one is enough for all of them. */
const ARRIVING = Buffer.allocUnsafeSlow(16 * 1024)
const arriving = () => ARRIVING

export type WireEvents = {
  item(item: LineItem): void
  /** The client sends nothing more; told once. */
  end(): void
  /** The socket is gone, for whatever reason; the last event. */
  gone(): void
}

/** The control connection's bytes, in clear or in TLS. */
export class Wire {
  readonly #raw: Socket
  readonly #events: WireEvents
  readonly #reader: LineReader
  #socket: Socket | TLSSocket
  /** Replies of this turn: they go out as one write. */
  #unsent = ''
  #paused = false
  #ended = false
  #gone = false
  readonly #onData = (chunk: Buffer) => this.#reader.feed(chunk)
  readonly #onEnd = () => this.#end()
  readonly #onClose = () => this.#closed()

  constructor(raw: Socket, maxLineBytes: number, events: WireEvents) {
    this.#raw = raw
    this.#socket = raw
    this.#events = events
    this.#reader = new LineReader(maxLineBytes, (item) => events.item(item))
    // Half-open, or Node would close our side before queued replies are out.
    raw.allowHalfOpen = true
    raw.setNoDelay(true)
    // 'close' follows every error and is where it is handled.
    raw.on('error', () => undefined)
    this.#listen(raw)
  }

  /** Goes out before the turn of the event loop ends. */
  send(reply: Reply): void {
    if (this.#gone || !this.#socket.writable) return
    if (this.#unsent === '') setImmediate(() => this.#flush())
    this.#unsent += formatReply(reply)
  }

  pause(): void {
    this.#paused = true
    this.#socket.pause()
  }

  resume(): void {
    this.#paused = false
    this.#socket.resume()
  }

  /** Calls back when the client has read enough of the replies; at once if it has. */
  whenWritable(then: () => void): void {
    if (this.#socket.writableLength + this.#unsent.length >= MAX_UNSENT_BYTES) this.#flush()
    if (this.#gone || this.#socket.writableLength < MAX_UNSENT_BYTES) then()
    else this.#socket.once('drain', then)
  }

  /** True when nothing that came in clear is left unread in the process. */
  get clean(): boolean {
    return !this.#reader.pending && this.#socket.readableLength === 0
  }

  /** Sends `last`, then goes on inside TLS. Rejects when the handshake fails; the socket is gone then. */
  async upgrade(peer: TlsPeer, last: Reply | undefined): Promise<TLSSocket> {
    const raw = this.#raw
    raw.pause()
    raw.off('data', this.#onData).off('end', this.#onEnd)
    if (last !== undefined) this.send(last)
    this.#flush()
    const secure = await peer.accept(raw, 'control')
    raw.off('close', this.#onClose)
    this.#socket = secure
    this.#paused = false
    if (secure.destroyed) this.#closed()
    else this.#listen(secure)
    // An end that came with the last bytes of the handshake has been told already.
    if (secure.readableEnded) this.#end()
    return secure
  }

  /** Sends what is queued and closes. */
  end(): void {
    if (this.#gone) return
    this.#flush()
    this.#socket.end()
  }

  destroy(): void {
    this.#flush()
    this.#socket.destroy()
    this.#raw.destroy()
  }

  #listen(to: Socket | TLSSocket): void {
    to.on('end', this.#onEnd).on('close', this.#onClose)
    if (!canReadInto(to)) {
      to.on('data', this.#onData)
      return
    }
    // What came before is in the stream's own memory, and comes first.
    const early: Buffer | null = to.readableLength > 0 ? to.read() : null
    const filled = (bytes: number) => {
      this.#reader.feed(ARRIVING.subarray(0, bytes))
      return !this.#paused
    }
    readInto(to, { filled, next: arriving })
    to.resume()
    if (early !== null) this.#reader.feed(early)
  }

  #flush(): void {
    const text = this.#unsent
    this.#unsent = ''
    if (text !== '' && !this.#gone && this.#socket.writable) this.#socket.write(text)
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#events.end()
  }

  #closed(): void {
    if (this.#gone) return
    this.#gone = true
    this.#raw.destroy()
    this.#events.gone()
  }
}
