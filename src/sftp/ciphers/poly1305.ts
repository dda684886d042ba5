// RFC 8439, section 2.5. Node has Poly1305 only inside of chacha20-poly1305, with a tail of its own behind the message.
import { createCipheriv, type KeyObject } from 'node:crypto'
import { TAG_LENGTH } from './packet-crypto.ts'

const BLOCK = 16
const P = (1n << 130n) - 5n
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn
/** Above this OpenSSL's two passes are cheaper than big integers. */
const SHORT = 384
const NONCE_LENGTH = 12
const nonce = Buffer.alloc(NONCE_LENGTH)
const WITH_TAG = { authTagLength: TAG_LENGTH }
const NO_TEXT = { plaintextLength: 0 }

/** The one-time key of a packet, both halves as numbers. */
export type PolyKey = Readonly<{ r: bigint; s: bigint }>

/** The bytes of one number: what a Buffer reads and writes of 64 bits goes through several big integers. */
const word = Buffer.alloc(BLOCK)
const view = new DataView(word.buffer, word.byteOffset, BLOCK)

/** Up to 16 bytes from `at` on, the first one the lowest. */
function number128(bytes: Buffer, at: number, length = BLOCK): bigint {
  for (let index = 0; index < BLOCK; index += 1) word[index] = index < length ? (bytes[at + index] ?? 0) : 0
  return (view.getBigUint64(8, true) << 64n) | view.getBigUint64(0, true)
}

/** The same with the bit on top that ends each block. */
const blockAt = (bytes: Buffer, at: number, length = BLOCK): bigint =>
  number128(bytes, at, length) | (1n << BigInt(8 * length))

export function polyKey(oneTime: Buffer): PolyKey {
  return { r: number128(oneTime, 0) & CLAMP, s: number128(oneTime, BLOCK) }
}

function tagOf(sum: bigint, { s }: PolyKey): Buffer {
  const value = BigInt.asUintN(128, sum + s)
  view.setBigUint64(0, BigInt.asUintN(64, value), true)
  view.setBigUint64(8, value >> 64n, true)
  return Buffer.from(word)
}

function shortTag(message: Buffer, key: PolyKey): Buffer {
  let sum = 0n
  for (let at = 0; at < message.length; at += BLOCK) {
    sum = ((sum + blockAt(message, at, Math.min(BLOCK, message.length - at))) * key.r) % P
  }
  return tagOf(sum, key)
}

/** The MAC that chacha20-poly1305 makes of associated data in whole blocks and no text, less its addend. */
function aeadSum(message: Buffer, secret: KeyObject, { s }: PolyKey): bigint {
  const cipher = createCipheriv('chacha20-poly1305', secret, nonce, WITH_TAG)
  cipher.setAAD(message, NO_TEXT)
  cipher.final()
  return BigInt.asUintN(128, number128(cipher.getAuthTag(), 0) - s)
}

/** The block that chacha20-poly1305 puts behind `length` bytes of associated data and no text. */
const tailOf = (length: number): bigint => BigInt(length) | (1n << 128n)

/**
 * OpenSSH's construction and that of RFC 8439 have the same key stream and one-time key for a packet, and MACs that
 * differ in their last block. From the MAC over all whole blocks but the last one follows the sum up to there, but for
 * the two bits that a MAC cuts off; the MAC over all whole blocks tells which of the four sums it is.
 */
function longTag(message: Buffer, secret: KeyObject, sequence: number, key: PolyKey): Buffer {
  const { r } = key
  nonce.writeUInt32BE(sequence, NONCE_LENGTH - 4)
  const whole = message.length - (message.length % BLOCK)
  const before = whole - BLOCK
  const withoutLast = aeadSum(message.subarray(0, before), secret, key)
  const withLast = aeadSum(message.subarray(0, whole), secret, key)
  const step = (blockAt(message, before) - tailOf(before)) * r
  for (let cut = 0n; cut < 4n; cut += 1n) {
    const sum = (((withoutLast + (cut << 128n) + step) % P) + P) % P
    if (BigInt.asUintN(128, ((sum + tailOf(whole)) * r) % P) !== withLast) continue
    if (whole === message.length) return tagOf(sum, key)
    return tagOf(((sum + blockAt(message, whole, message.length - whole)) * r) % P, key)
  }
  throw new Error('no sum gives both MACs')
}

/** `secret` and `sequence` are those that `key` was derived from. */
export function poly1305(message: Buffer, secret: KeyObject, sequence: number, key: PolyKey): Buffer {
  return message.length <= SHORT ? shortTag(message, key) : longTag(message, secret, sequence, key)
}
