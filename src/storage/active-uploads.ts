import type { MaybePromise } from '../core/maybe-promise.ts'

/** An upload that runs in this process. */
export type ActiveUpload = {
  /**
   * Ends it in favour of a newer one, after its writes under way are done. True when that took it over as it ran; false
   * when it was just ending by itself, so that what it left is an ordinary partial.
   */
  supersede(): Promise<boolean>
}

/** Which partials have an upload behind them, by a key of the driver's choice. */
export type ActiveUploads = {
  has(key: string): boolean
  /** Runs openings of one key one after the other; the first begins in this turn, and may be done in it. */
  inTurn<T>(key: string, open: (waited: boolean) => MaybePromise<T>): MaybePromise<T>
  /** Ends whatever runs under `key`; true when a running upload was taken over. After it, the key is free in this turn. */
  takeOver(key: string): Promise<boolean>
  add(key: string, upload: ActiveUpload): void
  remove(key: string): void
}

export function createActiveUploads(): ActiveUploads {
  const uploads = new Map<string, ActiveUpload>()
  const openings = new Map<string, Promise<unknown>>()

  async function remembered<T>(key: string, turn: Promise<T>): Promise<T> {
    const settled = turn.catch(() => {})
    openings.set(key, settled)
    try {
      return await turn
    } finally {
      if (openings.get(key) === settled) openings.delete(key)
    }
  }

  return {
    has: (key) => uploads.has(key),
    inTurn: (key, open) => {
      const before = openings.get(key)
      const turn = before === undefined ? open(false) : before.then(() => open(true))
      return turn instanceof Promise ? remembered(key, turn) : turn
    },
    takeOver: async (key) => {
      let taken = false
      for (let upload = uploads.get(key); upload !== undefined; upload = uploads.get(key)) {
        taken = await upload.supersede()
      }
      return taken
    },
    add: (key, upload) => {
      uploads.set(key, upload)
    },
    remove: (key) => {
      uploads.delete(key)
    },
  }
}
