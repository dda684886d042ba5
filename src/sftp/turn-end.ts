/** Work that is worth doing once for all that happens in a row: for a burst of packets, or of finished requests. */
export class TurnEnd {
  readonly #calls: (() => void)[] = []
  #held = false
  readonly #run = (): void => {
    this.#held = true
    try {
      for (let fn = this.#calls.shift(); fn !== undefined; fn = this.#calls.shift()) fn()
    } finally {
      this.#held = false
    }
  }

  /** Calls `fn` once before the event loop goes on, however often it is asked to. */
  call(fn: () => void): void {
    if (this.#calls.includes(fn)) return
    if (this.#calls.length === 0 && !this.#held) queueMicrotask(this.#run)
    this.#calls.push(fn)
  }

  /** Runs `work`, and right after it what was asked for meanwhile, without a trip through the microtasks. */
  after(work: () => void): void {
    this.#held = true
    try {
      work()
    } finally {
      this.#run()
    }
  }
}
