import { TURN_BUDGET } from './limits.ts'

/**
 * Work of one connection that is done without waiting. Keeps one session from holding up all others. A class, as all that
 * an idle session keeps.
 */
export class TurnBudget {
  #spent = 0
  /** What waits for a later turn; undefined while none is asked for. */
  #waiting: (() => void)[] | undefined

  get exhausted(): boolean {
    return this.#spent >= TURN_BUDGET
  }

  spend(cost: number): void {
    this.#spent += cost
  }

  /** To be called when a turn has begun. Without it the budget is whole again only after it was asked for. */
  renew(): void {
    if (this.#waiting === undefined) this.#spent = 0
  }

  /** Calls `fn` in a later turn, when the budget is whole again. */
  renewed(fn: () => void): void {
    this.#schedule().push(fn)
  }

  #schedule(): (() => void)[] {
    if (this.#waiting !== undefined) return this.#waiting
    const waiting: (() => void)[] = []
    this.#waiting = waiting
    setImmediate(() => {
      this.#waiting = undefined
      this.#spent = 0
      for (const call of waiting) call()
    })
    return waiting
  }
}
