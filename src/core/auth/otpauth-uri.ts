import { randomBytes } from 'node:crypto'
import type { TotpCredential } from '../identity.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
/** 160 bits: the length RFC 4226 recommends. */
const SECRET_BYTES = 20
/** What is left over in the last group of eight characters: these lengths cannot come from whole bytes. */
const IMPOSSIBLE_TAILS: ReadonlySet<number> = new Set([1, 3, 6])

export function randomTotpSecret(): Uint8Array {
  return randomBytes(SECRET_BYTES)
}

/** RFC 4648 base32 in upper case, without padding, as authenticator apps expect it. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = ''
  let value = 0
  let bits = 0
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET.charAt((value >>> bits) & 31)
    }
  }
  return bits > 0 ? text + ALPHABET.charAt((value << (5 - bits)) & 31) : text
}

/**
 * Reads base32 in either case, with spaces between groups and with padding. Undefined for any other character, for a
 * length that no bytes have, and for bits left over that are not 0.
 */
export function decodeBase32(text: string): Uint8Array | undefined {
  // Judged before the case is folded: the long s, for one, becomes an S.
  if (!/^[A-Za-z2-7 ]*=*$/.test(text)) return undefined
  const digits = text.replaceAll(' ', '').replace(/=+$/, '').toUpperCase()
  if (IMPOSSIBLE_TAILS.has(digits.length % 8)) return undefined
  const bytes: number[] = []
  let value = 0
  let bits = 0
  for (const character of digits) {
    value = ((value << 5) | ALPHABET.indexOf(character)) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes.push((value >>> bits) & 0xff)
    }
  }
  return (value & ((1 << bits) - 1)) === 0 ? Uint8Array.from(bytes) : undefined
}

/** The `otpauth://` text that a QR code carries to an authenticator app. */
export function otpauthUri(
  issuer: string,
  account: string,
  { secret, algorithm, digits, periodSeconds }: TotpCredential,
): string {
  // A colon separates issuer and account in the label, so neither may bring one.
  const part = (text: string): string => encodeURIComponent(text.replaceAll(':', ' '))
  // Percent-encoded by hand: some apps show the `+` that URLSearchParams writes for a space.
  const query = [
    `secret=${encodeBase32(secret)}`,
    `issuer=${part(issuer)}`,
    `algorithm=${algorithm.toUpperCase()}`,
    `digits=${digits}`,
    `period=${periodSeconds}`,
  ].join('&')
  return `otpauth://totp/${part(issuer)}:${part(account)}?${query}`
}
