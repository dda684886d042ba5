import type { Socket } from 'node:net'
import type { Connection as SshClient } from 'ssh2'
import { readInto } from './socket-input.ts'
import { shareReads } from './ssh-input.ts'
import type { TurnEnd } from './turn-end.ts'

export type ShareOptions = Readonly<{
  client: SshClient
  turnEnd: TurnEnd
  /** After all that a read brought has been worked on. */
  onRead: (bytes: number) => void
}>

/**
 * The reads of one connection, into the `buffer` that all connections have together. At first each is a `data` event with
 * memory of its own, as much as it fills: Node's own 64 KiB would leave holes in the process's memory beside all that a
 * login makes to stay.
 */
export class Reads {
  readonly #buffer: Buffer
  #receive: (count: number) => void

  constructor(socket: Socket, buffer: Buffer) {
    this.#buffer = buffer
    this.#receive = (count) => {
      const own = Buffer.allocUnsafeSlow(count)
      buffer.copy(own, 0, 0, count)
      socket.emit('data', own)
    }
    readInto(socket, buffer, (count) => this.#receive(count))
  }

  /**
   * From here on a read goes to ssh2's packets, and what these bring is answered before the next one: no events, and no
   * memory of its own. Where Node or ssh2 look different, reads stay events.
   */
  share({ client, turnEnd, onRead }: ShareOptions): void {
    const receive = shareReads(client, this.#buffer)
    if (receive === undefined) return
    this.#receive = (count) => {
      turnEnd.hold()
      try {
        receive(count)
      } catch (error) {
        client.emit('error', error instanceof Error ? error : new Error(String(error)))
      } finally {
        turnEnd.release()
      }
      onRead(count)
    }
  }
}
