/** Work that is worth doing once for all that happens in a row: for a burst of packets, or of finished requests. */
export type TurnEnd = {
  /** Calls `fn` once before the event loop goes on, however often it is asked to. */
  call(fn: () => void): void
}

export function createTurnEnd(): TurnEnd {
  const calls = new Set<() => void>()
  const run = (): void => {
    const now = [...calls]
    calls.clear()
    for (const fn of now) fn()
  }
  return {
    call(fn) {
      if (calls.size === 0) queueMicrotask(run)
      calls.add(fn)
    },
  }
}
