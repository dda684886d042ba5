import { FileServerError } from '../core/errors.ts'
import { andThen, type MaybePromise } from '../core/maybe-promise.ts'
import { endLink, type Link } from './link.ts'
import type { Direction } from './link-context.ts'
import type { Ftp } from './session.ts'
import type { Job } from './stream-transfer.ts'

/** No stream is in between. */
export function goesDirect({ data, dialog }: Ftp, direction: Direction): boolean {
  return dialog.mode === 'S' && data.direct(direction)
}

export function progressOf({ ftp, transfer }: Job): (bytes: number) => void {
  return (bytes) => {
    transfer.bytes += bytes
    ftp.stall.moved()
  }
}

/** `withConnection` on a link: no stream, no signal, and no promise where there is nothing to wait for. */
export function withLink(
  job: Job,
  direction: Direction,
  use: (link: Link) => MaybePromise<void>,
): MaybePromise<void> {
  const { ftp, transfer, opening } = job
  ftp.say(opening)
  transfer.throwIfAborted()
  return andThen(ftp.data.openLink(direction, transfer), (link) => run(job, link, use))
}

function run(
  { ftp, transfer }: Job,
  link: Link,
  use: (link: Link) => MaybePromise<void>,
): MaybePromise<void> {
  let using: MaybePromise<void>
  try {
    using = use(link)
  } catch (cause) {
    return lost(link, cause)
  }
  if (using === undefined) return
  // Nothing can stall, nor be aborted, before there is something to wait for.
  ftp.stall.begin(transfer)
  transfer.cut = () => link.cut()
  const over = () => {
    transfer.cut = undefined
    ftp.stall.end()
  }
  return using.then(over, (cause: unknown) => {
    over()
    lost(link, cause)
  })
}

/** Ends a download; the client may still be reading it. */
export function endDown({ ftp }: Job, link: Link): MaybePromise<void> {
  return andThen(endLink(link), () => ftp.data.leave(link))
}

function lost(link: Link, cause: unknown): never {
  link.close()
  if (cause instanceof FileServerError) throw cause
  throw new FileServerError('transfer.aborted', 'data connection lost', { cause })
}
