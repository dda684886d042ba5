/** Work that is worth doing once for all that happens in a row: for a burst of packets, or of finished requests. */
export type TurnEnd = {
  /** Calls `fn` once before the event loop goes on, however often it is asked to. */
  call(fn: () => void): void
  /** Runs `work`, and right after it what was asked for meanwhile, without a trip through the microtasks. */
  after(work: () => void): void
}

export function createTurnEnd(): TurnEnd {
  const calls: (() => void)[] = []
  let held = false
  const run = (): void => {
    held = true
    try {
      for (let fn = calls.shift(); fn !== undefined; fn = calls.shift()) fn()
    } finally {
      held = false
    }
  }
  return {
    call(fn) {
      if (calls.includes(fn)) return
      if (calls.length === 0 && !held) queueMicrotask(run)
      calls.push(fn)
    },
    after(work) {
      held = true
      try {
        work()
      } finally {
        run()
      }
    },
  }
}
