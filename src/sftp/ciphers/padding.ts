import { randomFillSync } from 'node:crypto'

const randomness = Buffer.alloc(4096)
let used = randomness.length

/** Each random byte is used once; asking for a few at a time would cost more than all else in a small packet. */
export function randomPadding(memory: Buffer, at: number, count: number): void {
  if (used + count > randomness.length) {
    randomFillSync(randomness)
    used = 0
  }
  randomness.copy(memory, at, used, used + count)
  used += count
}
