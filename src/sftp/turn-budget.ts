import { TURN_BUDGET } from './limits.ts'

/** A turn that costs less than this part of the budget is not worth a look at the next one. */
const WORTH_RENEWING = TURN_BUDGET / 4

/** Work of one connection that is done without waiting. Keeps one session from holding up all others. */
export type TurnBudget = {
  spend(cost: number): void
  readonly exhausted: boolean
  /** Calls `fn` in a later turn, when the budget is whole again. */
  renewed(fn: () => void): void
}

export function createTurnBudget(): TurnBudget {
  let spent = 0
  let scheduled = false
  let waiting: (() => void)[] = []

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      spent = 0
      const calls = waiting
      waiting = []
      for (const call of calls) call()
    })
  }

  return {
    get exhausted() {
      return spent >= TURN_BUDGET
    },
    spend(cost) {
      spent += cost
      if (spent >= WORTH_RENEWING) schedule()
    },
    renewed(fn) {
      waiting.push(fn)
      schedule()
    },
  }
}
