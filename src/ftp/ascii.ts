// RFC 959 section 3.1.1.1: lines end in CR LF on the wire, in LF on disk.
import type { LineEnds } from './line-ends.ts'

const CR = 0x0d
const LF = 0x0a

export type Convert = {
  /** The result lies in the chunk, which may be changed for it, or where the next push puts its own. */
  push(chunk: Uint8Array): Uint8Array
  /** What was held back for lack of its next byte. */
  end(): Uint8Array
}

const EMPTY = new Uint8Array(0)

/** LF becomes CR LF, unless its CR is there already: text from other systems is not doubled. */
export function toNetwork({ addReturns }: LineEnds): Convert {
  let last = 0
  let room = EMPTY
  return {
    push(chunk) {
      const { length } = chunk
      if (length === 0) return chunk
      if (room.length < 2 * length) room = Buffer.allocUnsafeSlow(2 * length)
      const bytes = addReturns(chunk, room, last)
      last = chunk[length - 1] ?? last
      return room.subarray(0, bytes)
    },
    end: () => EMPTY,
  }
}

/** CR LF becomes LF; a CR alone stays. */
export function fromNetwork({ dropReturns }: LineEnds): Convert {
  let heldCr = false
  return {
    push(chunk) {
      const { length } = chunk
      if (length === 0) return chunk
      const before = heldCr && chunk[0] !== LF ? Uint8Array.of(CR) : EMPTY
      heldCr = chunk[length - 1] === CR
      const bytes = dropReturns(chunk)
      const text = chunk.subarray(0, heldCr ? bytes - 1 : bytes)
      return before.length === 0 ? text : Buffer.concat([before, text])
    },
    end: () => (heldCr ? Uint8Array.of(CR) : EMPTY),
  }
}
