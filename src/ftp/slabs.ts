/** Enough for most uploads' beginning, and for all of a small one. */
export const SMALL_SLAB = 64 * 1024
/** What goes to the disk in one hop of an upload that is under way. */
export const LARGE_SLAB = 1024 * 1024
/** Slabs that are kept for the next upload; more are left to the garbage collector. */
const KEPT_SMALL = 64
const KEPT_LARGE = 8

const small: ArrayBufferLike[] = []
const large: ArrayBufferLike[] = []

/** Memory with whatever was in it before. One store for the whole process: uploads come and go, slabs stay warm. */
export function takeSlab(size: typeof SMALL_SLAB | typeof LARGE_SLAB): Buffer {
  const kept = (size === SMALL_SLAB ? small : large).pop()
  return kept === undefined ? Buffer.allocUnsafeSlow(size) : Buffer.from(kept)
}

/** Takes a slab, or any part of one, back: nothing may read or write it afterwards. */
export function giveSlab({ buffer }: Buffer): void {
  if (buffer.byteLength === SMALL_SLAB && small.length < KEPT_SMALL) small.push(buffer)
  if (buffer.byteLength === LARGE_SLAB && large.length < KEPT_LARGE) large.push(buffer)
}
