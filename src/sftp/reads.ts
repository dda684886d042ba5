import type { Socket } from 'node:net'
import type { Connection as SshClient } from 'ssh2'
import type { SocketGuard } from './socket-guard.ts'
import { type Reader, readInto } from './socket-input.ts'
import { type SharedReads, shareReads } from './ssh-input.ts'
import type { SessionTimers } from './timers.ts'
import type { TurnBudget } from './turn-budget.ts'
import type { TurnEnd } from './turn-end.ts'

export type ShareOptions = Readonly<{
  client: SshClient
  turnEnd: TurnEnd
  budget: TurnBudget
  /** Both hear of a read after all that it brought has been worked on. */
  guard: SocketGuard
  timers: SessionTimers
}>

type Shared = ShareOptions & Readonly<{ reads: SharedReads }>

/**
 * The reads of one connection, into the `buffer` that all connections have together. At first each is a `data` event with
 * memory of its own, as much as it fills: Node's own 64 KiB would leave holes in the process's memory beside all that a
 * login makes to stay.
 */
export class Reads implements Reader {
  readonly #socket: Socket
  readonly #buffer: Buffer
  #shared: Shared | undefined
  /** The last read filled the buffer: then, and only then, Node reads on in the same turn. */
  #wasFull = false

  constructor(socket: Socket, buffer: Buffer) {
    this.#socket = socket
    this.#buffer = buffer
    readInto(socket, buffer, this)
  }

  /**
   * From here on a read goes to ssh2's packets, and what these bring is answered before the next one: no events, and no
   * memory of its own. Where Node or ssh2 look different, reads stay events.
   */
  share(options: ShareOptions): void {
    const reads = shareReads(options.client, this.#buffer)
    if (reads !== undefined) this.#shared = { ...options, reads }
  }

  received(count: number): void {
    if (this.#shared !== undefined) this.#work(this.#shared, count)
    else this.#tell(count)
  }

  #tell(count: number): void {
    const own = Buffer.allocUnsafeSlow(count)
    this.#buffer.copy(own, 0, 0, count)
    this.#socket.emit('data', own)
  }

  #work({ client, turnEnd, budget, guard, timers, reads }: Shared, count: number): void {
    if (!this.#wasFull) budget.renew()
    this.#wasFull = count === this.#buffer.length
    turnEnd.hold()
    try {
      reads.received(count)
    } catch (error) {
      client.emit('error', error instanceof Error ? error : new Error(String(error)))
    } finally {
      turnEnd.release()
    }
    guard.received(count)
    timers.moved(count)
  }
}
