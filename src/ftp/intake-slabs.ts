import type { Intake, IntakeOptions } from './intake.ts'
import { readInto } from './read-into.ts'
import { giveSlab, LARGE_SLAB, SMALL_SLAB, takeSlab } from './slabs.ts'

/** Slabs that may wait for the disk beside the one that is being filled. */
const MAX_WAITING = 1

/** Where a socket may still put what nobody takes. */
const NOWHERE = Buffer.allocUnsafeSlow(SMALL_SLAB)

/** Straight into slabs: each is filled to a half at least, then it waits for its write while the next one is filled. */
export function createSlabIntake({ socket }: Pick<IntakeOptions, 'socket'>): Intake {
  let waiting: Buffer[] = []
  let early: Buffer | null = null
  let arrived: (bytes: number) => void = () => undefined
  let current: Buffer | undefined
  let used = 0

  function filled(bytes: number): boolean {
    if (current === undefined) return true
    used += bytes
    // A TLS socket goes on after a stop, with what tls-feed.ts read last: the other half has room for that.
    if (used >= current.length / 2) {
      waiting.push(current.subarray(0, used))
      current = takeSlab(LARGE_SLAB)
      used = 0
    }
    arrived(bytes)
    return waiting.length <= MAX_WAITING
  }
  return {
    start(then) {
      arrived = then
      current = takeSlab(SMALL_SLAB)
      // What came before is in the stream's own memory, and comes first.
      early = socket.readableLength > 0 ? socket.read() : null
      readInto(socket, { filled, next: () => current?.subarray(used) ?? NOWHERE })
      if (early === null) return
      waiting.push(early)
      arrived(early.length)
    },
    get due() {
      return waiting.length > 0
    },
    take() {
      if (waiting.length === 0) return undefined
      const chunks = waiting
      waiting = []
      return {
        chunks,
        bytes: chunks.reduce((sum, chunk) => sum + chunk.length, 0),
        free: () => {
          for (const chunk of chunks) if (chunk !== early) giveSlab(chunk)
        },
      }
    },
    end() {
      if (current !== undefined && used > 0) waiting.push(current.subarray(0, used))
      else if (current !== undefined) giveSlab(current)
      current = undefined
    },
    resume: () => socket.resume(),
  }
}
