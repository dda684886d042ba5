import type { Intake, IntakeOptions } from './intake.ts'
import { readInto } from './read-into.ts'
import { giveSlab, LARGE_SLAB, type Slab, SMALL_SLAB, takeSlab } from './slabs.ts'

/** Pieces that may wait for the disk beside the slab that is being filled. */
const MAX_WAITING = 1
/**
 * A slab with less room is left for a new one. A TLS socket goes on after a stop, with what tls-feed.ts read last
 * (64 KiB) and a record that was waiting for its end: there must be room for these.
 */
const MIN_ROOM = 96 * 1024
/** Where a socket may still put what nobody takes. */
const NOWHERE = Buffer.allocUnsafeSlow(SMALL_SLAB)

type Piece = Readonly<{ bytes: Uint8Array; slab: Slab | undefined }>

/** Straight into slabs: a full one waits for its write while the next one is filled. */
export function createSlabIntake({ socket }: Pick<IntakeOptions, 'socket'>): Intake {
  let waiting: Piece[] = []
  let current: Slab | undefined
  let used = 0
  let arrived: (bytes: number) => void = () => undefined

  function filled(bytes: number): boolean {
    if (current === undefined) return true
    used += bytes
    if (current.size - used < roomFor(current)) {
      hand(current)
      current = takeSlab(LARGE_SLAB)
      used = 0
    }
    arrived(bytes)
    return waiting.length <= MAX_WAITING
  }
  function hand(slab: Slab): void {
    waiting.push({ bytes: slab.filled(used), slab })
  }
  return {
    start(then) {
      arrived = then
      current = takeSlab(SMALL_SLAB)
      // What came before is in the stream's own memory, and comes first.
      const early: Buffer | null = socket.readableLength > 0 ? socket.read() : null
      readInto(socket, { filled, next: () => current?.rest(used) ?? NOWHERE })
      if (early === null) return
      waiting.push({ bytes: early, slab: undefined })
      arrived(early.length)
    },
    get due() {
      return waiting.length > 0
    },
    take() {
      if (waiting.length === 0) return undefined
      const pieces = waiting
      waiting = []
      return {
        chunks: pieces.map(({ bytes }) => bytes),
        bytes: pieces.reduce((sum, { bytes }) => sum + bytes.length, 0),
        free: () => {
          for (const { slab } of pieces) if (slab !== undefined) giveSlab(slab)
        },
      }
    },
    end() {
      if (current !== undefined && used > 0) hand(current)
      else if (current !== undefined) giveSlab(current)
      current = undefined
    },
    resume: () => socket.resume(),
  }
}

/** The first slab of an upload is small; half of it is enough to know that more comes. */
function roomFor(slab: Slab): number {
  return slab.size === SMALL_SLAB ? SMALL_SLAB / 2 : MIN_ROOM
}
