import { createBufferPool } from './buffer-pool.ts'
import { MAX_DATA } from './limits.ts'
import { DATA_HEADER } from './replies.ts'
import { ROOM_PER_PACKET } from './ssh-packets.ts'

/** What peers take in one SSH packet, and what they ask for in one READ unless they know better. */
const USUAL_PACKET = 32 * 1024
/** Free buffers kept for reuse; those of the largest size come to 2 MiB. */
const LARGE_KEPT = 8
const USUAL_KEPT = 32

/** Memory for DATA packets: the payload stands at `at`, behind room for all headers. */
export type ReplyMemory = Readonly<{ buffer: Buffer; at: number; release: () => void }>
export type ReplyPool = { take(payload: number): ReplyMemory }

const nothing = (): void => {}

/** One packet more than the payload fills: its own header makes the data spill over, and a window may cut once. */
const headersOf = (payload: number): number =>
  DATA_HEADER + ROOM_PER_PACKET * (2 + Math.ceil((DATA_HEADER + payload) / USUAL_PACKET))

/** A copy of replies: `bytes` in `memory` with room for the headers of SSH packets. */
export function copyReplies(replies: Buffer): { bytes: Buffer; memory: Buffer } {
  const from = headersOf(replies.length)
  const memory = Buffer.allocUnsafe(sizeFor(replies.length))
  memory.set(replies, from)
  return { bytes: memory.subarray(from, from + replies.length), memory }
}

const sizeFor = (payload: number): number => headersOf(payload) + payload + ROOM_PER_PACKET

export function createReplyPool(): ReplyPool {
  const pools = [
    { most: USUAL_PACKET, pool: createBufferPool(sizeFor(USUAL_PACKET), USUAL_KEPT) },
    { most: MAX_DATA, pool: createBufferPool(sizeFor(MAX_DATA), LARGE_KEPT) },
  ]
  return {
    take(payload) {
      const at = headersOf(payload)
      const fit = pools.find(({ most }) => payload <= most)
      // Small buffers come cheaply and must not pin a large one while they wait for a slow peer.
      if (fit === undefined || payload < fit.most / 8) {
        return { buffer: Buffer.allocUnsafe(sizeFor(payload)), at, release: nothing }
      }
      const { pool } = fit
      const buffer = pool.take()
      let released = false
      return {
        buffer,
        at,
        release() {
          if (released) return
          released = true
          pool.give(buffer)
        },
      }
    },
  }
}
