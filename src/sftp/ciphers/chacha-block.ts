// The ChaCha20 block function as OpenSSH uses it: a 64-bit counter and the packet's sequence number as nonce.

const CHACHA_BLOCK = 64
const WORDS = 16
const KEY_WORDS = 8
const KEY_AT = 4
const COUNTER_AT = 12
const SEQUENCE_AT = 15
const DOUBLE_ROUNDS = 10
/** "expand 32-byte k" */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const

export type ChachaBlocks = {
  /** XORs what stands in `bytes` with the key stream from `counter` on. For some hundred bytes; OpenSSL is for more. */
  apply(bytes: Uint8Array, counter: number, sequence: number): void
}

const swap = (word: number): number =>
  (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)

export function createChachaBlocks(key: Buffer): ChachaBlocks {
  const state = new Int32Array(WORDS)
  state.set(CONSTANTS)
  for (let word = 0; word < KEY_WORDS; word += 1) state[KEY_AT + word] = key.readInt32LE(4 * word)
  const stream = new DataView(new ArrayBuffer(CHACHA_BLOCK))
  return {
    apply(bytes, counter, sequence) {
      state[SEQUENCE_AT] = swap(sequence)
      for (let at = 0; at < bytes.length; at += CHACHA_BLOCK) {
        state[COUNTER_AT] = counter + at / CHACHA_BLOCK
        writeBlock(state, stream)
        const count = Math.min(CHACHA_BLOCK, bytes.length - at)
        for (let index = 0; index < count; index += 1) {
          bytes[at + index] = (bytes[at + index] ?? 0) ^ stream.getUint8(index)
        }
      }
    },
  }
}

const work = new Int32Array(WORDS)

function writeBlock(state: Int32Array, stream: DataView): void {
  work.set(state)
  for (let round = 0; round < DOUBLE_ROUNDS; round += 1) {
    quarter(0, 4, 8, 12)
    quarter(1, 5, 9, 13)
    quarter(2, 6, 10, 14)
    quarter(3, 7, 11, 15)
    quarter(0, 5, 10, 15)
    quarter(1, 6, 11, 12)
    quarter(2, 7, 8, 13)
    quarter(3, 4, 9, 14)
  }
  for (let word = 0; word < WORDS; word += 1) {
    stream.setInt32(4 * word, ((work[word] ?? 0) + (state[word] ?? 0)) | 0, true)
  }
}

function quarter(ia: number, ib: number, ic: number, id: number): void {
  let a = work[ia] ?? 0
  let b = work[ib] ?? 0
  let c = work[ic] ?? 0
  let d = work[id] ?? 0
  a = (a + b) | 0
  d = rotate(d ^ a, 16)
  c = (c + d) | 0
  b = rotate(b ^ c, 12)
  a = (a + b) | 0
  d = rotate(d ^ a, 8)
  c = (c + d) | 0
  b = rotate(b ^ c, 7)
  work[ia] = a
  work[ib] = b
  work[ic] = c
  work[id] = d
}

const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits))
