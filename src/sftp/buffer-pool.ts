/**
 * Buffers of one size, kept for reuse by all sessions together. Fresh ones cost a page fault for each of their pages,
 * and a full garbage collection every few dozen MiB: V8 counts memory outside of its heap without looking at its age.
 */
export type BufferPool = {
  readonly size: number
  take(): Buffer
  /** The caller has no use of it any more, and gives each one once. */
  give(buffer: Buffer): void
}

/** `kept`: free buffers that stay for reuse. */
export function createBufferPool(size: number, kept: number): BufferPool {
  const free: Buffer[] = []
  return {
    size,
    take: () => free.pop() ?? Buffer.allocUnsafeSlow(size),
    give(buffer) {
      if (free.length < kept) free.push(buffer)
    },
  }
}
