import { FileServerError } from '../core/errors.ts'
import { MAX_PACKET } from './limits.ts'

/** Pieces below this are gathered, so that a flood of tiny ones costs their bytes and not an object each. */
const SMALL_PIECE = 2048
const GATHER_BLOCK = 16 * 1024

/** The body of one packet, its length field taken off, in the pieces in which it arrived. */
export type RawPacket = Readonly<{ length: number; pieces: readonly Buffer[] }>

/** Bytes of a channel that no request has taken yet. Bounded by the channel's window, which its owner polices. */
export type InputQueue = {
  push(piece: Buffer): void
  /** The next whole packet; undefined until it is all there. Throws protocol.syntax for an impossible length. */
  next(): RawPacket | undefined
  readonly length: number
  clear(): void
}

export function createInputQueue(): InputQueue {
  const pieces: Buffer[] = []
  let length = 0
  let block: Buffer | undefined
  let used = 0

  function gather(piece: Buffer): void {
    if (block === undefined || block.length - used < piece.length) {
      block = Buffer.allocUnsafeSlow(GATHER_BLOCK)
      used = 0
    }
    const last = pieces.at(-1)
    const continues = last !== undefined && last.buffer === block.buffer && used > 0
    block.set(piece, used)
    used += piece.length
    if (continues) pieces[pieces.length - 1] = block.subarray(last.byteOffset, used)
    else pieces.push(block.subarray(used - piece.length, used))
  }

  function take(count: number): Buffer[] {
    const taken: Buffer[] = []
    let left = count
    while (left > 0) {
      const first = pieces[0]
      if (first === undefined) break
      if (first.length > left) {
        taken.push(first.subarray(0, left))
        pieces[0] = first.subarray(left)
        left = 0
      } else {
        taken.push(first)
        pieces.shift()
        left -= first.length
      }
    }
    length -= count
    // An idle session holds no block.
    if (length === 0) block = undefined
    return taken
  }

  return {
    get length() {
      return length
    },
    push(piece) {
      if (piece.length === 0) return
      const behind = length > 0
      length += piece.length
      if (behind && piece.length < SMALL_PIECE) gather(piece)
      // A slice may hold on to a much larger buffer of the transport: then its copy is cheaper.
      else pieces.push(piece.length * 2 < piece.buffer.byteLength ? Buffer.from(piece) : piece)
    },
    next() {
      if (length < 4) return undefined
      const size = peekLength(pieces)
      if (size === 0 || size > MAX_PACKET)
        throw new FileServerError('protocol.syntax', `packet of ${size} bytes`)
      if (length < 4 + size) return undefined
      take(4)
      return { length: size, pieces: take(size) }
    },
    clear() {
      pieces.length = 0
      length = 0
      block = undefined
    },
  }
}

function peekLength(pieces: readonly Buffer[]): number {
  const first = pieces[0]
  if (first !== undefined && first.length >= 4) return first.readUInt32BE(0)
  let value = 0
  let seen = 0
  for (const piece of pieces) {
    for (const octet of piece) {
      value = value * 256 + octet
      seen += 1
      if (seen === 4) return value
    }
  }
  return value
}
