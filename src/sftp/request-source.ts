import { FileServerError } from '../core/errors.ts'
import { string } from './codec.ts'
import { InputQueue, type InputRoom } from './input-queue.ts'
import { WINDOW_SHARE } from './limits.ts'
import { type ParsedRequest, parseRequest } from './parse.ts'
import { type Reply, version } from './replies.ts'
import type { ChannelContext } from './request.ts'
import type { InputWindow } from './ssh-input.ts'
import { EXTENSIONS, INIT, PROTOCOL_VERSION } from './table.ts'

export type RequestSourceOptions = Readonly<{
  room: InputRoom
  /** What the requests are to work with. */
  context: ChannelContext
  /** What the peer may send before it is worked off. */
  size: number
  window: InputWindow
  /** Takes the answer to INIT. */
  greet: (reply: Reply) => void
  onDead: (cause: unknown) => void
}>

/** What comes in on a channel: bytes become requests, and what has been worked off becomes room in the peer's window. */
export class RequestSource {
  readonly #options: RequestSourceOptions
  readonly #input: InputQueue
  #head: ParsedRequest | undefined
  #greeted = false
  #credit = 0
  #closed = false

  constructor(options: RequestSourceOptions) {
    this.#options = options
    this.#input = new InputQueue(options.room)
  }

  /** A request was looked at and not taken. */
  get pending(): boolean {
    return this.#head !== undefined
  }

  /** Something has come that was not taken, be it half a packet. */
  get waiting(): boolean {
    return this.pending || this.#input.length > 0
  }

  /** A whole packet has come besides the request that is looked at. */
  get ready(): boolean {
    return this.#input.ready
  }

  push(bytes: Buffer, from: number, to: number): void {
    this.#input.push(bytes, from, to)
  }

  /** The next request, again and again until it is taken. Throws for what is none, and for one before INIT. */
  peek(): ParsedRequest | undefined {
    this.#head ??= this.#next()
    return this.#head
  }

  /** The one that was looked at is the caller's, who says when it has been worked off. */
  take(): void {
    this.#head = undefined
  }

  /** The bytes of a request that was taken, or looked at, are used no more. */
  workedOff({ packet, cost }: ParsedRequest): void {
    this.#input.release(packet)
    const { size, window, onDead } = this.#options
    this.#credit += cost
    if (this.#credit < size / WINDOW_SHARE || this.#closed) return
    const amount = this.#credit
    this.#credit = 0
    try {
      window.open(amount)
    } catch (error) {
      onDead(error)
    }
  }

  /** Nothing more is taken, and no window opened. */
  close(): void {
    this.#closed = true
    if (this.#head !== undefined) this.#input.release(this.#head.packet)
    this.#head = undefined
    this.#input.clear()
  }

  #next(): ParsedRequest | undefined {
    const packet = this.#input.next()
    if (packet === undefined) return undefined
    const request = parseRequest(packet, this.#options.context)
    if (request === undefined) {
      this.#input.release(packet)
      throw new FileServerError('protocol.syntax', 'packet without an id')
    }
    const isInit = request.type === INIT
    if (isInit !== !this.#greeted) {
      this.#input.release(packet)
      throw new FileServerError('protocol.sequence', 'INIT is the first packet, once')
    }
    if (!isInit) return request
    this.#greeted = true
    const extensions = EXTENSIONS.flatMap((row) => [string(row.name), string(row.version)])
    this.#options.greet(version(PROTOCOL_VERSION, extensions))
    this.workedOff(request)
    return this.#next()
  }
}
