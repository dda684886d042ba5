export type Signal = 'reload' | 'stop'

const MEANINGS: Readonly<Partial<Record<NodeJS.Signals, Signal>>> = {
  SIGHUP: 'reload',
  SIGINT: 'stop',
  SIGTERM: 'stop',
}

/** npm passes on the Ctrl-C that the terminal has sent already: what comes this soon after is the same one. */
const ECHO_MS = 500

/** The operator's signals to this process, one after the other. Reloads that pile up count once. Closed by its maker. */
export function createSignals() {
  const waiting: Signal[] = []
  let wake: ((signal: Signal) => void) | undefined
  let lastStop = Number.NEGATIVE_INFINITY
  const receive = (name: NodeJS.Signals) => {
    const signal = MEANINGS[name] ?? 'stop'
    const now = performance.now()
    if (signal === 'stop' && now - lastStop < ECHO_MS) return
    if (signal === 'stop') lastStop = now
    if (wake !== undefined) {
      wake(signal)
      wake = undefined
    } else if (signal === 'stop' || !waiting.includes('reload')) waiting.push(signal)
  }
  const names = Object.keys(MEANINGS) as NodeJS.Signals[]
  for (const name of names) process.on(name, receive)
  return {
    next: (): Promise<Signal> => {
      const ready = waiting.shift()
      return ready !== undefined ? Promise.resolve(ready) : new Promise((resolve) => (wake = resolve))
    },
    close: () => {
      for (const name of names) process.off(name, receive)
    },
  }
}
