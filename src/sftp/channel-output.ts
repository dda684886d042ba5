import { SMALL_REPLY } from './limits.ts'
import type { OutputGate } from './output-gate.ts'
import type { Reply } from './replies.ts'
import { joinReplies } from './reply-pool.ts'
import type { Outgoing, PacketWriter } from './ssh-packets.ts'

/** The way out of one channel. */
export type ChannelOutput = {
  /** Bytes that wait for the peer's window. */
  readonly waiting: number
  send(reply: Reply): void
  /** Sends what was kept to be joined, and what waited for room; to be called before the turn ends. */
  flush(): void
  /** Calls `fn` when all is sent; later replies are released and forgotten. */
  finish(fn: () => void): void
  /** Drops everything; later replies are released and forgotten. */
  close(): void
}

export type ChannelOutputOptions = Readonly<{
  writer: PacketWriter
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

const nothing = (): void => {}

export function createChannelOutput({ writer, gate, onRoom, onBroken }: ChannelOutputOptions): ChannelOutput {
  const small: Buffer[] = []
  const items: Item[] = []
  let waiting = 0
  let state: 'open' | 'finishing' | 'closed' = 'open'
  let onEmpty = nothing
  let listening = false

  function settle(item: Item): void {
    if (!item.sent || item.writes > 0 || item.settled) return
    item.settled = true
    gate.drop(item.outgoing.memory.length)
    item.release?.()
  }

  function sendFirst(item: Item): void {
    const { outgoing } = item
    const before = outgoing.from
    const used = writer.send(outgoing, () => {
      item.writes -= 1
      settle(item)
    })
    if (used) item.writes += 1
    waiting -= outgoing.from - before
    if (outgoing.from < outgoing.to) return
    items.shift()
    item.sent = true
    settle(item)
  }

  function listen(): void {
    if (listening) return
    listening = true
    writer.onWindow(() => {
      listening = false
      drain()
      onRoom()
    })
  }

  function drain(): void {
    if (state === 'closed') return
    try {
      for (let item = items[0]; item !== undefined && writer.room > 0; item = items[0]) {
        gate.cork()
        sendFirst(item)
      }
    } catch (cause) {
      onBroken(cause)
      return
    }
    if (items.length > 0) listen()
    else whenEmpty()
  }

  function whenEmpty(): void {
    const done = onEmpty
    onEmpty = nothing
    done()
  }

  function enqueue(bytes: Buffer, reply: Pick<Reply, 'memory' | 'release'>): void {
    const memory = reply.memory ?? bytes
    const from = bytes.byteOffset - memory.byteOffset
    const outgoing = { memory, free: 0, from, to: from + bytes.length }
    items.push({ outgoing, writes: 0, sent: false, settled: false, release: reply.release })
    gate.hold(memory.length)
    waiting += bytes.length
  }

  function join(): void {
    if (small.length === 0) return
    const { bytes, memory } = joinReplies(small)
    small.length = 0
    enqueue(bytes, { memory })
  }

  function flush(): void {
    join()
    drain()
  }

  return {
    get waiting() {
      return waiting
    },
    send(reply) {
      if (state !== 'open') return reply.release?.()
      if (reply.bytes.length <= SMALL_REPLY && reply.release === undefined) {
        small.push(reply.bytes)
        return
      }
      join()
      enqueue(reply.bytes, reply)
      drain()
    },
    flush,
    finish(fn) {
      if (state !== 'open') return
      onEmpty = fn
      join()
      state = 'finishing'
      drain()
    },
    close() {
      state = 'closed'
      small.length = 0
      onEmpty = nothing
      waiting = 0
      for (const item of items.splice(0)) {
        item.sent = true
        settle(item)
      }
    },
  }
}
