import { canonicalAddress, createAddressList, parseCidr } from './net.ts'
import { matchesWildcard } from './wildcard.ts'

/** One piece of a pattern list: a CIDR text, or a text with `*` and `?`. `negated`: who fits is refused. */
export type AddressPattern = Readonly<{ text: string; negated: boolean }>

export type ParsedPatterns =
  | Readonly<{ ok: true; patterns: readonly AddressPattern[] }>
  | Readonly<{ ok: false; problem: string }>

const WITH_WILDCARD = /^[0-9A-Fa-f:.*?]{1,64}$/
const MAX_PATTERNS = 256

const hasWildcard = (text: string): boolean => /[*?]/.test(text)

/** Reads a list as in OpenSSH's `from`: addresses, CIDR, or texts with wildcards; `!` before one negates it. */
export function parseAddressPatterns(list: string): ParsedPatterns {
  const pieces = list.split(',').map((piece) => piece.trim())
  if (pieces.length > MAX_PATTERNS) return { ok: false, problem: `has more than ${MAX_PATTERNS} addresses` }
  const patterns: AddressPattern[] = []
  for (const piece of pieces) {
    const negated = piece.startsWith('!')
    const text = negated ? piece.slice(1) : piece
    const sound = hasWildcard(text) ? WITH_WILDCARD.test(text) : parseCidr(text).ok
    if (!sound) return { ok: false, problem: `"${piece}" is no address, network or pattern of addresses` }
    patterns.push({ text, negated })
  }
  return { ok: true, patterns }
}

function fits({ text }: AddressPattern, address: string): boolean {
  if (hasWildcard(text)) return matchesWildcard(text.toLowerCase(), address)
  return createAddressList([text]).has(address)
}

/** Whether some pattern fits and no negated one does. Text that is no address never fits. */
export function matchesPatterns(patterns: readonly AddressPattern[], remoteIp: string): boolean {
  const address = canonicalAddress(remoteIp)
  if (address === undefined) return false
  if (patterns.some((pattern) => pattern.negated && fits(pattern, address))) return false
  return patterns.some((pattern) => !pattern.negated && fits(pattern, address))
}
