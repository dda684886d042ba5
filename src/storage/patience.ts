import { FileServerError } from '../core/errors.ts'
import type { Patience } from '../core/vfs/storage.ts'

function givenUp(): FileServerError {
  return new FileServerError('transfer.aborted', 'nobody waits for it any more')
}

/** Throws transfer.aborted when nobody waits any more. */
export function requirePatience(patience: Patience | undefined): void {
  if (patience?.signal?.aborted === true) throw givenUp()
}

/** Resolves with `ready`, which gets what makes it so; rejects with transfer.aborted as soon as nobody waits any more. */
export function wait(
  patience: Patience | undefined,
  begin: (ready: () => void) => void,
  left: () => void = () => {},
): Promise<void> {
  const signal = patience?.signal
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(givenUp())
    const leave = () => {
      left()
      reject(givenUp())
    }
    signal?.addEventListener('abort', leave, { once: true })
    begin(() => {
      signal?.removeEventListener('abort', leave)
      resolve()
    })
  })
}
