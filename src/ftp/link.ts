import type { MaybePromise } from '../core/maybe-promise.ts'
import { WRITABLE } from './native-sockets.ts'

/** A data connection without Node's sockets. Nothing waits in it, and whoever takes it closes it; `close` is idempotent. */
export type Link = {
  readonly open: boolean
  readonly encrypted: boolean
  /** Where the system may put bytes by itself; -1 when it is closed, or when they have to be encrypted. */
  readonly descriptor: number
  /**
   * Gives how many bytes were taken, 0 when there is no room now; those that were not come first the next time. Throws when
   * the connection is lost. `last`: the end follows at once, and goes out in one packet with them.
   */
  send(bytes: Uint8Array, from: number, last: boolean): number
  /** The system has all that was taken. Throws when the connection is lost. */
  flush(): boolean
  /**
   * Fills `into` behind its first `used` bytes. 0 at the end, undefined when nothing is here now. Throws when the connection
   * is lost, or ended in the middle of something.
   */
  receive(into: Uint8Array, used: number): number | undefined
  /** The last call has not found out how far what is here goes. */
  readonly more: boolean
  /** `ready` is called as long as the link is ready for `events`, until `rest`, another `wait` or `close`. Throws when it is closed. */
  wait(events: number, ready: () => void): void
  rest(): void
  /** The peer sees the end behind what was sent, once that is flushed. Throws when the connection is lost. */
  endSending(): void
  /** Closes without cutting what is still on its way to the peer, whatever the peer has sent. */
  closeGently(): void
  close(): void
  /** Closes, and lets who waits find out. */
  cut(): void
}

/** Resolves when the link is ready for `events`; rejects when it is closed meanwhile. */
export function readyFor(link: Link, events: number): Promise<void> {
  return new Promise((resolve, reject) => {
    link.wait(events, () => {
      if (!link.open) return reject(new Error('data connection lost'))
      link.rest()
      resolve()
    })
  })
}

/** Sends the end, which the system has when this is over. */
export function endLink(link: Link): MaybePromise<void> {
  link.endSending()
  if (!link.flush()) return flushed(link)
}

async function flushed(link: Link): Promise<void> {
  do await readyFor(link, WRITABLE)
  while (!link.flush())
}
