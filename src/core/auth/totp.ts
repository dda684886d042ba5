import type { TotpCredential } from '../identity.ts'

/** Computes codes; consumes nothing. */
export type TotpVerifier = {
  /** The absolute time step whose code this is, within the permitted drift; undefined for anything else. */
  verify(credential: TotpCredential, code: string, nowMs: number): number | undefined
}

/** Digits from which on the end of a secret looks like an appended code. RFC 4226 has no shorter codes. */
const SHORTEST_CODE = 6

export type SplitSecret = Readonly<{ password: string; code: string }>

/** Whether the secret may carry a code at its end. Looks at the secret alone, never at whose it is. */
export function mayCarryCode(secret: string): boolean {
  return secret.length > SHORTEST_CODE && /\d{6}$/.test(secret)
}

/** Cuts a code of `digits` off the end; undefined when the end is not made of that many digits, or nothing is left. */
export function splitAppendedCode(secret: string, digits: number): SplitSecret | undefined {
  const code = secret.slice(-digits)
  const password = secret.slice(0, -digits)
  return password !== '' && code.length === digits && /^\d+$/.test(code) ? { password, code } : undefined
}
