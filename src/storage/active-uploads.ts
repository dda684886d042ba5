import type { MaybePromise } from '../core/maybe-promise.ts'
import type { Patience } from '../core/vfs/storage.ts'
import { wait } from './patience.ts'

/** An upload that runs in this process. */
export type ActiveUpload = {
  /** Ends it in favour of a newer one, after its writes under way are done: what it leaves is an ordinary partial. */
  supersede(): Promise<void>
}

/** Which partials have an upload behind them, by a key of the driver's choice. */
export type ActiveUploads = {
  has(key: string): boolean
  /**
   * Runs openings of one key one after the other; the first begins in this turn, and may be done in it. Who loses
   * patience before its own has begun leaves with transfer.aborted.
   */
  inTurn<T>(
    key: string,
    patience: Patience | undefined,
    open: (waited: boolean) => MaybePromise<T>,
  ): MaybePromise<T>
  /** Ends whatever runs under `key`, which then is free in this turn. */
  takeOver(key: string): Promise<void>
  add(key: string, upload: ActiveUpload): void
  remove(key: string): void
}

export function createActiveUploads(): ActiveUploads {
  const uploads = new Map<string, ActiveUpload>()
  const openings = new Map<string, Promise<unknown>>()

  /** Whoever comes next waits for this one and all before it: one that left early has not ended those. */
  function remembered<T>(key: string, before: Promise<unknown> | undefined, turn: Promise<T>): Promise<T> {
    const through = Promise.allSettled([before, turn]).then(() => {
      if (openings.get(key) === through) openings.delete(key)
    })
    openings.set(key, through)
    return turn
  }

  return {
    has: (key) => uploads.has(key),
    inTurn: (key, patience, open) => {
      const before = openings.get(key)
      if (before !== undefined) {
        const mine = wait(patience, (ready) => void before.then(ready))
        return remembered(
          key,
          before,
          mine.then(() => open(true)),
        )
      }
      const turn = open(false)
      return turn instanceof Promise ? remembered(key, undefined, turn) : turn
    },
    takeOver: async (key) => {
      for (let upload = uploads.get(key); upload !== undefined; upload = uploads.get(key)) {
        await upload.supersede()
      }
    },
    add: (key, upload) => {
      uploads.set(key, upload)
    },
    remove: (key) => {
      uploads.delete(key)
    },
  }
}
