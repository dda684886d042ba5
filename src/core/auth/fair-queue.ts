import { FileServerError } from '../errors.ts'

export type FairQueueSettings = Readonly<{
  /** Jobs that run at once. */
  concurrent: number
  /** Jobs that may wait, over all parties. */
  waiting: number
}>

/** Runs expensive jobs a few at a time. A job that finds no room rejects with `auth.failed`; see `isOverload`. */
export type FairQueue = {
  run<T>(party: string, job: () => Promise<T>): Promise<T>
  /** For what can be done another time: finds room only while less than half of the places are taken. */
  runSpare<T>(party: string, job: () => Promise<T>): Promise<T>
}

type Waiter = { start: () => void; refuse: () => void }

class Overload extends FileServerError {
  constructor() {
    super('auth.failed', 'Too many password checks are waiting.')
  }
}

export function isOverload(error: unknown): boolean {
  return error instanceof Overload
}

/**
 * Parties take turns, so that one address with many logins does not delay the others; and when the queue is full the
 * party with the longest line loses its last place to a newcomer, so that one address cannot keep the others out.
 */
export function createFairQueue(settings: FairQueueSettings): FairQueue {
  // Insertion order is the order of turns.
  const lines = new Map<string, Waiter[]>()
  let running = 0
  let waiting = 0

  const next = (): void => {
    running -= 1
    const [turn] = lines
    if (turn === undefined) return
    const [party, line] = turn
    const waiter = line.shift()
    lines.delete(party)
    if (line.length > 0) lines.set(party, line)
    waiting -= 1
    waiter?.start()
  }

  const makeRoom = (own: number): boolean => {
    if (waiting < settings.waiting) return true
    const [party, longest] = [...lines].reduce<[string, Waiter[]]>(
      (best, entry) => (entry[1].length > best[1].length ? entry : best),
      ['', []],
    )
    if (longest.length <= own + 1) return false
    longest.pop()?.refuse()
    if (longest.length === 0) lines.delete(party)
    waiting -= 1
    return true
  }

  const turn = (party: string): Promise<void> => {
    if (running < settings.concurrent) {
      running += 1
      return Promise.resolve()
    }
    const line = lines.get(party) ?? []
    if (!makeRoom(line.length)) return Promise.reject(new Overload())
    return new Promise((resolve, reject) => {
      const start = (): void => {
        running += 1
        resolve()
      }
      line.push({ start, refuse: () => reject(new Overload()) })
      lines.set(party, line)
      waiting += 1
    })
  }

  const run: FairQueue['run'] = async (party, job) => {
    await turn(party)
    try {
      return await job()
    } finally {
      next()
    }
  }

  return {
    run,
    runSpare: async (party, job) => {
      if (waiting > 0 && waiting >= settings.waiting / 2) throw new Overload()
      return run(party, job)
    },
  }
}
