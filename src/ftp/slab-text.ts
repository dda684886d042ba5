import type { LineEnds } from './line-ends.ts'
import type { Slab } from './slabs.ts'

const CR = 0x0d

/**
 * What is used of a slab when `bytes` have come behind its first `used`. Text is changed where it lies, together with a CR that
 * waited for its LF; undefined: it is none.
 */
export function usedWith(text: LineEnds | undefined, slab: Slab, used: number, bytes: number): number {
  if (text === undefined) return used + bytes
  const all = slab.rest(0)
  const from = used > 0 && all[used - 1] === CR ? used - 1 : used
  return from + text.dropReturns(all.subarray(from, used + bytes))
}

/** The last byte is a CR whose LF may follow, which belongs to the next slab then. */
export function endsOpen(text: LineEnds | undefined, slab: Slab, used: number): boolean {
  return text !== undefined && slab.rest(0)[used - 1] === CR
}

/** With that CR as its first byte. */
export function beginWithReturn(slab: Slab): Slab {
  slab.rest(0)[0] = CR
  return slab
}

/** What counts of the last slab: half of a line's end does not, where the rest was lost. */
export function usedAtEnd(text: LineEnds | undefined, slab: Slab, used: number, whole: boolean): number {
  return whole || !endsOpen(text, slab, used) ? used : used - 1
}
