/** Memory for an upload: filled from its start, then written to the disk in one go. */
export type Slab = Readonly<{
  size: number
  /** The room behind the first `used` bytes. */
  rest: (used: number) => Uint8Array
  /** The first `used` bytes. */
  filled: (used: number) => Uint8Array
}>

/** Enough for most uploads' beginning, and for all of a small one. */
export const SMALL_SLAB = 64 * 1024
/** What goes to the disk in one hop of an upload that is under way. */
export const LARGE_SLAB = 1024 * 1024
/** Slabs that are kept for the next upload; more are left to the garbage collector. */
const KEPT_SMALL = 64
const KEPT_LARGE = 8
/** A full TLS record: uploads ask for the room behind each, so these views are made once. */
const STEP = 16 * 1024

const small: Slab[] = []
const large: Slab[] = []

function createSlab(size: number): Slab {
  const bytes = Buffer.allocUnsafeSlow(size)
  const views: Uint8Array[] = []
  return {
    size,
    rest(used) {
      if (used % STEP !== 0) return bytes.subarray(used)
      const known = views[used / STEP]
      if (known !== undefined) return known
      const view = bytes.subarray(used)
      views[used / STEP] = view
      return view
    },
    filled: (used) => bytes.subarray(0, used),
  }
}

/** Memory with whatever was in it before. One store for the whole process: uploads come and go, slabs stay warm. */
export function takeSlab(size: typeof SMALL_SLAB | typeof LARGE_SLAB): Slab {
  return (size === SMALL_SLAB ? small : large).pop() ?? createSlab(size)
}

/** Nothing may read or write the slab afterwards. */
export function giveSlab(slab: Slab): void {
  if (slab.size === SMALL_SLAB && small.length < KEPT_SMALL) small.push(slab)
  if (slab.size === LARGE_SLAB && large.length < KEPT_LARGE) large.push(slab)
}
