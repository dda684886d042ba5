const nothing = (): void => {}

/** Work that is worth doing once for all that happens in a row: for a burst of packets, or of finished requests. */
export class TurnEnd {
  /** Kept when it has been worked off: a new one for each burst would cost more than the calls. */
  readonly #calls: (() => void)[] = []
  #next = 0
  #count = 0
  #held = false
  readonly #run = (): void => {
    const calls = this.#calls
    this.#held = true
    try {
      while (this.#next < this.#count) {
        const fn = calls[this.#next] ?? nothing
        calls[this.#next] = nothing
        this.#next += 1
        fn()
      }
      this.#next = 0
      this.#count = 0
    } finally {
      this.#held = false
    }
  }

  /** Calls `fn` once before the event loop goes on, however often it is asked to. */
  call(fn: () => void): void {
    for (let at = this.#next; at < this.#count; at += 1) if (this.#calls[at] === fn) return
    if (this.#next === this.#count && !this.#held) queueMicrotask(this.#run)
    this.#calls[this.#count] = fn
    this.#count += 1
  }

  /** What is asked for from here on waits for `release`, which spares it a trip through the microtasks. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#run()
  }
}
