import { MAX_DATA } from './limits.ts'
import { DATA_HEADER } from './replies.ts'

/** Free buffers kept for reuse by all sessions together: fresh ones cost a page fault for each of their pages. */
const KEPT = 8

/** Buffers that hold the largest DATA packet. Small replies get their own memory. */
export type ReplyPool = { take(size: number): { buffer: Buffer; release: () => void } }

const nothing = (): void => {}

export function createReplyPool(): ReplyPool {
  const size = DATA_HEADER + MAX_DATA
  const free: Buffer[] = []
  return {
    take(wanted) {
      // Small buffers come cheaply and must not pin a large one while they wait for a slow peer.
      if (wanted < size / 2) return { buffer: Buffer.allocUnsafe(wanted), release: nothing }
      const buffer = free.pop() ?? Buffer.allocUnsafeSlow(size)
      let released = false
      return {
        buffer,
        release() {
          if (released) return
          released = true
          if (free.length < KEPT) free.push(buffer)
        },
      }
    },
  }
}
