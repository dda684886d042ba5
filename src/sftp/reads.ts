import type { Socket } from 'node:net'
import type { Connection as SshClient } from 'ssh2'
import { readInto } from './socket-input.ts'
import { shareReads } from './ssh-input.ts'
import type { TurnEnd } from './turn-end.ts'

export type ReadsOptions = Readonly<{
  socket: Socket
  client: SshClient
  /** All connections read into it, one after the other. */
  buffer: Buffer
  turnEnd: TurnEnd
  /** After all that a read brought has been worked on. */
  onRead: (bytes: number) => void
}>

/**
 * From here on a read goes to ssh2's packets, and what these bring is answered before the next one: no events, and no
 * memory of its own. Where Node or ssh2 look different, reads stay events.
 */
export function takeReads({ socket, client, buffer, turnEnd, onRead }: ReadsOptions): void {
  const receive = shareReads(client, buffer)
  if (receive === undefined) return
  let read: Buffer
  const work = (): void => {
    try {
      receive(read)
    } catch (error) {
      client.emit('error', error instanceof Error ? error : new Error(String(error)))
    }
  }
  readInto(socket, buffer, (bytes) => {
    read = bytes
    turnEnd.after(work)
    onRead(bytes.length)
  })
}
