// RFC 8439, section 2.5. Node has Poly1305 only inside of chacha20-poly1305, with a tail of its own behind the message.
import { createCipheriv, type KeyObject } from 'node:crypto'
import { TAG_LENGTH } from './packet-crypto.ts'

const BLOCK = 16
const P = (1n << 130n) - 5n
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn
/** Above this OpenSSL's two passes are cheaper than big integers. */
const SHORT = 384
const NONCE_LENGTH = 12

/** The one-time key of a packet, both halves as numbers. */
export type PolyKey = Readonly<{ r: bigint; s: bigint }>

/** Up to 16 bytes from `at` on, the first one the lowest, with the bit on top that ends each block. */
function blockAt(bytes: Buffer, at: number, length = BLOCK): bigint {
  if (length === BLOCK) return number128(bytes, at) | (1n << 128n)
  let value = 1n
  for (let index = length - 1; index >= 0; index -= 1) value = (value << 8n) | BigInt(bytes[at + index] ?? 0)
  return value
}

const number128 = (bytes: Buffer, at: number): bigint =>
  (bytes.readBigUInt64LE(at + 8) << 64n) | bytes.readBigUInt64LE(at)

export function polyKey(oneTime: Buffer): PolyKey {
  return { r: number128(oneTime, 0) & CLAMP, s: number128(oneTime, BLOCK) }
}

function tagOf(sum: bigint, { s }: PolyKey): Buffer {
  const value = BigInt.asUintN(128, sum + s)
  const tag = Buffer.allocUnsafe(TAG_LENGTH)
  tag.writeBigUInt64LE(BigInt.asUintN(64, value), 0)
  tag.writeBigUInt64LE(value >> 64n, 8)
  return tag
}

function shortTag(message: Buffer, key: PolyKey): Buffer {
  let sum = 0n
  for (let at = 0; at < message.length; at += BLOCK) {
    sum = ((sum + blockAt(message, at, Math.min(BLOCK, message.length - at))) * key.r) % P
  }
  return tagOf(sum, key)
}

/** The MAC that chacha20-poly1305 makes of associated data in whole blocks and no text, less its addend. */
function aeadSum(message: Buffer, secret: KeyObject, nonce: Buffer, { s }: PolyKey): bigint {
  const cipher = createCipheriv('chacha20-poly1305', secret, nonce, { authTagLength: TAG_LENGTH })
  cipher.setAAD(message, { plaintextLength: 0 })
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
  const nonce = Buffer.alloc(NONCE_LENGTH)
  nonce.writeUInt32BE(sequence, NONCE_LENGTH - 4)
  const whole = message.length - (message.length % BLOCK)
  const before = whole - BLOCK
  const withoutLast = aeadSum(message.subarray(0, before), secret, nonce, key)
  const withLast = aeadSum(message.subarray(0, whole), secret, nonce, key)
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
