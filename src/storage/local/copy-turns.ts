import { FileServerError } from '../../core/errors.ts'
import type { UserId } from '../../core/identity.ts'
import type { Patience } from '../../core/vfs/storage.ts'
import { requirePatience, wait } from '../patience.ts'

/** Of all mounts together: half of the threads that all disk work has, so that others' reads and writes go on. */
const AT_ONCE = 2
/** Copies of one user that may wait; more are more than its sessions need. */
export const MAX_WAITING = 32

/** Lets few copies run at once; users take turns, whoever has more of them waits longer. */
export class CopyTurns {
  #running = 0
  /** Who waits; the owner that comes next is first, and so is each one's next copy. */
  readonly #waiting = new Map<UserId, (() => void)[]>()

  /** Copies that run or wait. */
  get size(): number {
    let size = this.#running
    for (const queue of this.#waiting.values()) size += queue.length
    return size
  }

  /** Runs `step` again and again, a turn each, until it says that nothing is left. storage.busy when too many wait. */
  async run(owner: UserId, patience: Patience | undefined, step: () => Promise<boolean>): Promise<void> {
    if ((this.#waiting.get(owner)?.length ?? 0) >= MAX_WAITING)
      throw new FileServerError('storage.busy', 'too many copies wait')
    if (this.#running >= AT_ONCE) await this.#turn(owner, patience)
    else this.#running += 1
    while (await this.#step(patience, step)) {
      // Behind all that wait, before its place is given on.
      const again = this.#turn(owner, patience)
      this.#pass()
      await again
    }
    this.#pass()
  }

  async #step(patience: Patience | undefined, step: () => Promise<boolean>): Promise<boolean> {
    try {
      requirePatience(patience)
      return await step()
    } catch (error) {
      this.#pass()
      throw error
    }
  }

  /** Resolves when the place of another is this one's. */
  #turn(owner: UserId, patience: Patience | undefined): Promise<void> {
    let place: (() => void) | undefined
    return wait(
      patience,
      (ready) => {
        place = ready
        const queue = this.#waiting.get(owner)
        if (queue === undefined) this.#waiting.set(owner, [ready])
        else queue.push(ready)
      },
      () => this.#keep(owner, (other) => other !== place),
    )
  }

  #keep(owner: UserId, stays: (waiter: () => void) => boolean): void {
    const left = (this.#waiting.get(owner) ?? []).filter(stays)
    if (left.length === 0) this.#waiting.delete(owner)
    else this.#waiting.set(owner, left)
  }

  /** Gives the place to the next, whose owner then is the last to come again. */
  #pass(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#running -= 1
      return
    }
    const [owner, [ready, ...others]] = next
    this.#waiting.delete(owner)
    if (others.length > 0) this.#waiting.set(owner, others)
    ready?.()
  }
}
