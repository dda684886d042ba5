// RFC 959 section 3.1.1.1: lines end in CR LF on the wire, in LF on disk.

const CR = 0x0d
const LF = 0x0a

export type Convert = {
  /** The result may share memory with the chunk. */
  push(chunk: Uint8Array): Uint8Array
  /** What was held back for lack of its next byte. */
  end(): Uint8Array
}

const EMPTY = new Uint8Array(0)

/** LF becomes CR LF, unless its CR is there already: text from other systems is not doubled. */
export function toNetwork(): Convert {
  let last = 0
  return {
    push(chunk) {
      if (chunk.length === 0) return chunk
      let bare = 0
      let previous = last
      for (const byte of chunk) {
        if (byte === LF && previous !== CR) bare += 1
        previous = byte
      }
      if (bare === 0) {
        last = previous
        return chunk
      }
      const out = Buffer.allocUnsafe(chunk.length + bare)
      let at = 0
      for (const byte of chunk) {
        if (byte === LF && last !== CR) out[at++] = CR
        out[at++] = byte
        last = byte
      }
      return out
    },
    end: () => EMPTY,
  }
}

/** CR LF becomes LF; a CR alone stays. */
export function fromNetwork(): Convert {
  let heldCr = false
  return {
    push(chunk) {
      if (!heldCr && !chunk.includes(CR)) return chunk
      const out = Buffer.allocUnsafe(chunk.length + 1)
      let at = 0
      for (const byte of chunk) {
        if (heldCr && byte !== LF) out[at++] = CR
        heldCr = byte === CR
        if (!heldCr) out[at++] = byte
      }
      return out.subarray(0, at)
    },
    end: () => (heldCr ? Uint8Array.of(CR) : EMPTY),
  }
}
