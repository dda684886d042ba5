import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { DescriptorNet } from './descriptor-net.ts'
import type { LineItem } from './line-reader.ts'
import { LineReader } from './line-reader.ts'
import { canReadInto, readInto } from './read-into.ts'
import { formatReply, type Reply } from './replies.ts'
import { descriptorOf } from './sinks.ts'
import type { TlsPeer } from './tls.ts'

/** Unsent replies after which no further command is run: the client does not read. */
const MAX_UNSENT_BYTES = 64 * 1024

/** What one read of any control connection brings: taken in before the next, so one is enough for all of them. */
const ARRIVING = Buffer.allocUnsafeSlow(16 * 1024)
const arriving = () => ARRIVING

/** What the addon says of a peer that has ended, but of which there is more to read. */
const UNREAD = 2

export type WireEvents = {
  /** A command is running. */
  readonly busy: boolean
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
  readonly #net: DescriptorNet | undefined
  #socket: Socket | TLSSocket
  #knownDescriptor: number | undefined
  /** Replies of this turn: they go out as one write. */
  #unsent = ''
  /** Lines are being told: what is said meanwhile goes out behind them. */
  #telling = false
  #paused = false
  #ended = false
  #gone = false
  readonly #onData = (chunk: Buffer) => this.#feed(chunk)
  readonly #flushLater = () => this.flush()
  readonly #onEnd = () => this.#end()
  readonly #onClose = () => this.#closed()

  constructor(
    raw: Socket,
    { maxLineBytes, net }: { maxLineBytes: number; net: DescriptorNet | undefined },
    events: WireEvents,
  ) {
    this.#raw = raw
    this.#net = net
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

  /** Goes out before the turn of the event loop ends, at once with `flush`. */
  send(reply: Reply): void {
    if (this.#gone) return
    if (this.#unsent === '' && !this.#telling) setImmediate(this.#flushLater)
    this.#unsent += formatReply(reply)
  }

  /** What is said during `work`, which throws nothing, goes out together, and needs no turn of its own. */
  together(work: () => void): void {
    this.#telling = true
    work()
    this.#told()
  }

  /** Sends what was said. */
  flush(): void {
    const text = this.#unsent
    this.#unsent = ''
    if (text === '' || this.#gone || !this.#socket.writable) return
    if (!this.#sendNow(text)) this.#socket.write(text)
  }

  pause(): void {
    this.#paused = true
    this.#socket.pause()
  }

  resume(): void {
    this.#paused = false
    this.#socket.resume()
  }

  /** The client has read enough of the replies. */
  get takesMore(): boolean {
    return this.#socket.writableLength + this.#unsent.length < MAX_UNSENT_BYTES
  }

  /** Calls back when the client has read enough of the replies; at once if it has. */
  whenWritable(then: () => void): void {
    if (this.#socket.writableLength + this.#unsent.length >= MAX_UNSENT_BYTES) this.flush()
    if (this.#gone || this.#socket.writableLength < MAX_UNSENT_BYTES) then()
    else this.#socket.once('drain', then)
  }

  /** True when nothing that came in clear is left unread in the process. */
  get clean(): boolean {
    return !this.#reader.pending && this.#socket.readableLength === 0
  }

  /**
   * The client has closed its side, or all of the connection, though no event may have told it yet. `behind`: what it said
   * before has not been read.
   */
  get peerEnd(): 'none' | 'behind' | 'here' {
    if (this.#ended || this.#gone || this.#raw.destroyed) return 'here'
    const descriptor = this.#descriptor()
    if (this.#net === undefined || descriptor === undefined) return 'none'
    const ended = this.#net.native.peerEnded(descriptor)
    if (ended === 0) return 'none'
    return ended === UNREAD ? 'behind' : 'here'
  }

  /** Sends `last`, then goes on inside TLS. Rejects when the handshake fails; the socket is gone then. */
  async upgrade(peer: TlsPeer, last: Reply | undefined): Promise<TLSSocket> {
    const raw = this.#raw
    raw.pause()
    raw.off('data', this.#onData).off('end', this.#onEnd)
    if (last !== undefined) this.send(last)
    this.flush()
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
    this.flush()
    this.#socket.end()
  }

  destroy(): void {
    this.flush()
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
      this.#feed(ARRIVING.subarray(0, bytes))
      return !this.#paused
    }
    readInto(to, { filled, next: arriving })
    to.resume()
    if (early !== null) this.#feed(early)
  }

  #feed(bytes: Buffer): void {
    this.#telling = true
    this.#reader.feed(bytes)
    this.#told()
  }

  /** Answers at once what needs nothing more; what a running command says may be followed by more in this turn. */
  #told(): void {
    this.#telling = false
    if (this.#unsent === '') return
    if (this.#events.busy) setImmediate(this.#flushLater)
    else this.flush()
  }

  /** By the addon, where nothing is queued before it; false when Node has to do it. */
  #sendNow(text: string): boolean {
    const raw = this.#raw
    const descriptor = this.#descriptor()
    if (this.#net === undefined || descriptor === undefined || raw.writableLength > 0) return false
    const left = this.#net.native.sendText(descriptor, text)
    if (left > 0) raw.write(Buffer.from(text).subarray(-left))
    return left >= 0
  }

  /** In clear, as long as the socket is open: its number may be another's then. */
  #descriptor(): number | undefined {
    if (this.#socket !== this.#raw || this.#raw.destroyed) return undefined
    this.#knownDescriptor ??= descriptorOf(this.#raw)
    return this.#knownDescriptor
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
