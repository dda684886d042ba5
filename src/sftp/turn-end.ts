/** Work for the end of a turn. An object: V8 makes one of all its likes, and of a closure for each session none. */
export type TurnTask = { turnEnded(): void }

const NOTHING: TurnTask = { turnEnded() {} }

/** Work that is worth doing once for all that happens in a row: for a burst of packets, or of finished requests. */
export class TurnEnd {
  /** Kept when it has been worked off: a new one for each burst would cost more than the calls. */
  readonly #tasks: TurnTask[] = []
  #next = 0
  #count = 0
  #held = false
  readonly #run = (): void => {
    const tasks = this.#tasks
    this.#held = true
    try {
      while (this.#next < this.#count) {
        const task = tasks[this.#next] ?? NOTHING
        tasks[this.#next] = NOTHING
        this.#next += 1
        task.turnEnded()
      }
      this.#next = 0
      this.#count = 0
    } finally {
      this.#held = false
    }
  }

  /** Does it once before the event loop goes on, however often it is asked to. */
  call(task: TurnTask): void {
    for (let at = this.#next; at < this.#count; at += 1) if (this.#tasks[at] === task) return
    if (this.#next === this.#count && !this.#held) queueMicrotask(this.#run)
    this.#tasks[this.#count] = task
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
