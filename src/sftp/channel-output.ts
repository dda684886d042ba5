import type { Burst, BurstOwner } from './burst.ts'
import type { Outgoing } from './channel-data.ts'
import { SMALL_REPLY } from './limits.ts'
import type { OutputGate } from './output-gate.ts'
import type { Reply } from './replies.ts'
import { copyReplies } from './reply-pool.ts'
import type { PacketWriter } from './ssh-packets.ts'

export type ChannelOutputOptions = Readonly<{
  writer: PacketWriter
  burst: Burst
  gate: OutputGate
  /** Some of what waited has gone. */
  onRoom: () => void
  /** The transport refused: it is dead. */
  onBroken: (cause: unknown) => void
}>

/** A reply on its way; its memory is free when all is sent and no write is under way. */
type Item = {
  readonly outgoing: Outgoing
  writes: number
  sent: boolean
  settled: boolean
  release: (() => void) | undefined
}

/** The way out of one channel. */
export class ChannelOutput implements BurstOwner {
  readonly #options: ChannelOutputOptions
  /** Undefined while there are none: so it is in thousands of idle sessions. */
  #items: Item[] | undefined
  #waiting = 0
  #state: 'open' | 'finishing' | 'closed' = 'open'
  #onEmpty: (() => void) | undefined
  #listening = false

  constructor(options: ChannelOutputOptions) {
    this.#options = options
  }

  /** Bytes that wait for the peer's window. */
  get waiting(): number {
    return this.#waiting
  }

  send(reply: Reply): void {
    if (this.#state !== 'open') {
      reply.release?.()
      return
    }
    if (reply.bytes.length <= SMALL_REPLY) {
      this.#options.burst.add(this, reply.bytes, reply.id)
      reply.release?.()
      return
    }
    this.moveOut()
    this.#enqueue(reply.bytes, reply)
    this.#drain()
  }

  /** What was gathered waits in memory of its own from here on. */
  moveOut(): void {
    const { burst } = this.#options
    if (burst.owner !== this) return
    const { bytes, memory } = copyReplies(burst.bytes)
    burst.clear()
    this.#enqueue(bytes, { memory, release: undefined })
  }

  /** Sends what was gathered, and what waited for room; to be called before the turn ends. */
  flush(): void {
    if (this.#options.burst.owner === this && this.#sendBurst()) return
    this.moveOut()
    if (this.#items !== undefined) this.#drain()
  }

  /** Calls `fn` when all is sent; later replies are released and forgotten. */
  finish(fn: () => void): void {
    if (this.#state !== 'open') return
    this.#onEmpty = fn
    this.moveOut()
    this.#state = 'finishing'
    this.#drain()
  }

  /** Drops everything; later replies are released and forgotten. */
  close(): void {
    const items = this.#items ?? []
    const { burst } = this.#options
    this.#state = 'closed'
    if (burst.owner === this) burst.clear()
    this.#items = undefined
    this.#onEmpty = undefined
    this.#waiting = 0
    for (const item of items) {
      item.sent = true
      this.#settle(item)
    }
  }

  /** The usual end of a burst: a few small answers, and nothing in their way. */
  #sendBurst(): boolean {
    if (this.#items !== undefined || this.#state !== 'open') return false
    const { burst, writer, onBroken } = this.#options
    try {
      if (!writer.sendNow(burst)) return false
    } catch (cause) {
      onBroken(cause)
    }
    burst.clear()
    return true
  }

  #settle(item: Item): void {
    if (!item.sent || item.writes > 0 || item.settled) return
    item.settled = true
    this.#options.gate.drop(item.outgoing.memory.length)
    item.release?.()
  }

  #sendFirst(items: Item[], item: Item): void {
    const { outgoing } = item
    const before = outgoing.from
    const used = this.#options.writer.send(outgoing, () => {
      item.writes -= 1
      this.#settle(item)
    })
    if (used) item.writes += 1
    this.#waiting -= outgoing.from - before
    if (outgoing.from < outgoing.to) return
    items.shift()
    item.sent = true
    this.#settle(item)
  }

  #listen(): void {
    if (this.#listening) return
    this.#listening = true
    this.#options.writer.onWindow(() => {
      this.#listening = false
      this.#drain()
      this.#options.onRoom()
    })
  }

  #drain(): void {
    if (this.#state === 'closed') return
    const { writer, gate } = this.#options
    const items = this.#items ?? []
    try {
      for (let item = items[0]; item !== undefined && writer.room > 0; item = items[0]) {
        gate.cork()
        this.#sendFirst(items, item)
      }
    } catch (cause) {
      this.#options.onBroken(cause)
      return
    }
    if (items.length > 0) this.#listen()
    else this.#whenEmpty()
  }

  #whenEmpty(): void {
    const done = this.#onEmpty
    this.#items = undefined
    this.#onEmpty = undefined
    done?.()
  }

  #enqueue(bytes: Buffer, { memory = bytes, release }: Pick<Reply, 'memory' | 'release'>): void {
    const from = bytes.byteOffset - memory.byteOffset
    const outgoing = { memory, free: 0, from, to: from + bytes.length }
    this.#items ??= []
    this.#items.push({ outgoing, writes: 0, sent: false, settled: false, release })
    this.#options.gate.hold(memory.length)
    this.#waiting += bytes.length
  }
}
