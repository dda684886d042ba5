export type Signal = 'reload' | 'stop'

const MEANINGS: Readonly<Partial<Record<NodeJS.Signals, Signal>>> = {
  SIGHUP: 'reload',
  SIGINT: 'stop',
  SIGTERM: 'stop',
}

/** npm passes on the Ctrl-C that the terminal has sent already: what comes this soon after is the same one. */
const ECHO_MS = 500

/**
 * The operator's signals to this process, each kind by itself: a reload that hangs with a disk keeps no stop waiting. Reloads
 * that pile up count once. Closed by its maker.
 */
export function createSignals() {
  const waiting: Record<Signal, number> = { reload: 0, stop: 0 }
  const wake: Partial<Record<Signal, () => void>> = {}
  let lastStop = Number.NEGATIVE_INFINITY
  const receive = (name: NodeJS.Signals) => {
    const signal = MEANINGS[name] ?? 'stop'
    const now = performance.now()
    if (signal === 'stop' && now - lastStop < ECHO_MS) return
    if (signal === 'stop') lastStop = now
    const waiter = wake[signal]
    delete wake[signal]
    if (waiter !== undefined) waiter()
    else waiting[signal] = signal === 'reload' ? 1 : waiting[signal] + 1
  }
  const names = Object.keys(MEANINGS) as NodeJS.Signals[]
  for (const name of names) process.on(name, receive)
  return {
    /** Resolves at the next one of this kind; asked for again when it has. */
    next: (signal: Signal): Promise<void> => {
      if (waiting[signal] === 0) return new Promise((resolve) => (wake[signal] = resolve))
      waiting[signal] -= 1
      return Promise.resolve()
    },
    close: () => {
      for (const name of names) process.off(name, receive)
    },
  }
}
