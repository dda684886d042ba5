import { hash } from 'node:crypto'

/** SHA-crypt, the `$5$` and `$6$` of shadow files: akkadia.org/drepper/SHA-crypt.txt; step numbers are that text's. */
export type ShaCryptText = Readonly<{
  algorithm: 'sha256' | 'sha512'
  rounds: number
  salt: string
  digest: string
}>

const DEFAULT_ROUNDS = 5000
const LEAST_ROUNDS = 1000
const SALT_CHARACTERS = 16
/** The work grows with the square of the key's length, step 14, and a client chooses that length. */
export const MAX_KEY_BYTES = 1024
/** About 1 ms of work; then other sessions get their turn. */
const ROUNDS_PER_TURN = 500

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const FORMAT = /^\$([56])\$(?:rounds=(\d{1,9})\$)?([^$:\n]{0,64})\$([./0-9A-Za-z]+)$/
const DIGEST_LENGTH = { sha256: 43, sha512: 86 } as const

export function parseShaCrypt(stored: string): ShaCryptText | undefined {
  const [, id, rounds, salt = '', digest = ''] = FORMAT.exec(stored) ?? []
  if (id === undefined) return undefined
  const algorithm = id === '5' ? 'sha256' : 'sha512'
  if (digest.length !== DIGEST_LENGTH[algorithm]) return undefined
  const asked = rounds === undefined ? DEFAULT_ROUNDS : Number(rounds)
  return { algorithm, rounds: Math.max(LEAST_ROUNDS, asked), salt: salt.slice(0, SALT_CHARACTERS), digest }
}

/** `block` repeated and cut to `length` bytes. */
function stretch(block: Buffer, length: number): Buffer {
  return Buffer.alloc(length, block)
}

function startDigest(algorithm: string, key: Buffer, salt: Buffer): Buffer {
  const b = hash(algorithm, Buffer.concat([key, salt, key]), 'buffer') // steps 4 to 8
  const parts = [key, salt, stretch(b, key.length)] // steps 1 to 3, 9 and 10
  for (let bits = key.length; bits > 0; bits >>= 1) parts.push((bits & 1) === 1 ? b : key) // step 11
  return hash(algorithm, Buffer.concat(parts), 'buffer') // step 12
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Byte order of step 22: three columns, of which each triple takes one step round; the last byte or two come alone. */
function encode(digest: Buffer): string {
  const third = Math.floor(digest.length / 3)
  const turns = digest.length === 32 ? [0, 2, 1] : [0, 1, 2]
  const byte = (index: number) => digest[index] ?? 0
  const character = (bits: number, at: number) => ALPHABET[(bits >> (6 * at)) & 63] ?? ''
  let text = ''
  for (let row = 0; row < third; row += 1) {
    const first = turns[row % 3] ?? 0
    const columns = [first, (first + 1) % 3, (first + 2) % 3].map((column) => byte(column * third + row))
    const bits = ((columns[0] ?? 0) << 16) | ((columns[1] ?? 0) << 8) | (columns[2] ?? 0)
    for (let at = 0; at < 4; at += 1) text += character(bits, at)
  }
  if (digest.length === 64) return text + character(byte(63), 0) + character(byte(63), 1)
  const last = (byte(31) << 8) | byte(30)
  return text + character(last, 0) + character(last, 1) + character(last, 2)
}

/**
 * The digest part of the stored text that `secret` gives. Long counts of rounds are worked off in turns. Bytes of the
 * secret beyond `MAX_KEY_BYTES` are not looked at: the caller refuses such a secret.
 */
export async function shaCryptDigest(setting: ShaCryptText, secret: string): Promise<string> {
  const { algorithm, rounds } = setting
  const key = Buffer.from(secret, 'utf8').subarray(0, MAX_KEY_BYTES)
  const salt = Buffer.from(setting.salt, 'utf8')
  const start = startDigest(algorithm, key, salt)
  const p = stretch(hash(algorithm, Buffer.concat(Array(key.length).fill(key)), 'buffer'), key.length) // 13 to 16
  const repeats = 16 + (start[0] ?? 0)
  const s = stretch(hash(algorithm, Buffer.concat(Array(repeats).fill(salt)), 'buffer'), salt.length) // 17 to 20
  let digest = start
  for (let round = 0; round < rounds; round += 1) {
    const odd = round % 2 === 1
    const parts = [odd ? p : digest] // step 21 b and c
    if (round % 3 !== 0) parts.push(s) // d
    if (round % 7 !== 0) parts.push(p) // e
    parts.push(odd ? digest : p) // f and g
    digest = hash(algorithm, Buffer.concat(parts), 'buffer')
    if (round % ROUNDS_PER_TURN === ROUNDS_PER_TURN - 1) await nextTurn()
  }
  return encode(digest)
}
