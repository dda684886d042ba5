import { randomFillSync } from 'node:crypto'

const randomness = Buffer.alloc(4096)
let used = randomness.length

function refill(count: number): void {
  if (used + count <= randomness.length) return
  randomFillSync(randomness)
  used = 0
}

/** Each random byte is given out once. Asking the system for a few at a time costs more than all else in a small packet. */
export function fillRandom(memory: Buffer, at: number, count: number): void {
  refill(count)
  // A few bytes each time: less than what a call that copies them costs.
  for (let index = 0; index < count; index += 1, used += 1) {
    memory[at + index] = randomness[used] ?? 0
    randomness[used] = 0
  }
}

/** The same for a number of 32 bits. */
export function randomUint32(): number {
  refill(4)
  const value = randomness.readUInt32BE(used)
  randomness.writeUInt32BE(0, used)
  used += 4
  return value
}
