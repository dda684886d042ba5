import type { ServerChannel } from 'ssh2'
import type { OutputGate } from './output-gate.ts'
import type { Reply } from './replies.ts'

/** Replies up to this size are joined with their neighbours into one SSH packet. */
const JOINED = 8 * 1024

/** The way out of one channel. */
export type ChannelOutput = {
  /** Bytes that wait for the peer's window. */
  readonly waiting: number
  send(reply: Reply): void
  /** Sends what was kept to be joined; to be called before the turn ends. */
  flush(): void
  /** Drops everything; later replies are released and forgotten. */
  close(): void
}

export type ChannelOutputOptions = Readonly<{
  channel: ServerChannel
  gate: OutputGate
  /** Some of what waited has gone. */
  onRoom: () => void
  /** The transport refused: it is dead. */
  onBroken: (cause: unknown) => void
}>

export function createChannelOutput({
  channel,
  gate,
  onRoom,
  onBroken,
}: ChannelOutputOptions): ChannelOutput {
  const small: Buffer[] = []
  let waiting = 0
  let closed = false

  function write(bytes: Buffer, release?: () => void): void {
    waiting += bytes.length
    gate.cork()
    try {
      channel.write(bytes, () => {
        waiting -= bytes.length
        release?.()
        if (!closed) onRoom()
      })
    } catch (cause) {
      release?.()
      onBroken(cause)
    }
  }

  function flush(): void {
    const [first, second] = small
    if (closed || first === undefined) return
    const bytes = second === undefined ? first : Buffer.concat(small)
    small.length = 0
    write(bytes)
  }

  return {
    get waiting() {
      return waiting
    },
    send(reply) {
      if (closed) return reply.release?.()
      if (reply.bytes.length <= JOINED && reply.release === undefined) {
        small.push(reply.bytes)
        return
      }
      flush()
      write(reply.bytes, reply.release)
    },
    flush,
    close() {
      closed = true
      small.length = 0
    },
  }
}
