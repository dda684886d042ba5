import { randomInt } from 'node:crypto'

/** Without the characters that are taken for one another in print: 0 O o, 1 l I i, 5 S s, 2 Z z, 8 B, u v w. */
const ALPHABET = 'abcdefghjkmnpqrtxyACDEFGHJKLMNPQRTUVWXY34679'
const GROUPS = 5
const GROUP_LENGTH = 5

/** A password for a person to read off a screen: 25 random letters and digits (136 bits) in groups of five. */
export function randomPassword(): string {
  const group = () =>
    Array.from({ length: GROUP_LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('')
  return Array.from({ length: GROUPS }, group).join('-')
}
