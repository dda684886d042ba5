import { randomBytes } from 'node:crypto'
import type { TotpCredential } from '../identity.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
/** 160 bits: the length RFC 4226 recommends. */
const SECRET_BYTES = 20

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
