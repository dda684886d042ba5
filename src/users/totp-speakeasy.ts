import speakeasy from 'speakeasy'
import type { TotpVerifier } from '../core/auth/totp.ts'

/** RFC 4226 section 4, R6: a shared secret has at least 128 bits. */
const SHORTEST_SECRET_BYTES = 16
const FEWEST_DIGITS = 6
const MOST_DIGITS = 8

/**
 * RFC 6238 codes by the speakeasy package, of which only `totp.verifyDelta` is used and nothing reaches it unchecked:
 * it parses numbers leniently (`+26920` would pass for `026920`), takes empty secrets, and misreads textual ones.
 * `driftSteps` is how many steps a client's clock may be off, either way.
 */
export function createTotpVerifier(driftSteps: number): TotpVerifier {
  return {
    verify: ({ secret, algorithm, digits, periodSeconds }, code, nowMs) => {
      if (secret.length < SHORTEST_SECRET_BYTES) return undefined
      if (digits < FEWEST_DIGITS || digits > MOST_DIGITS || periodSeconds < 1) return undefined
      // `$` alone would let a final newline pass, hence the length first.
      if (code.length !== digits || !/^[0-9]+$/.test(code)) return undefined
      const key = Buffer.from(secret.buffer, secret.byteOffset, secret.byteLength)
      const counter = Math.floor(nowMs / 1000 / periodSeconds)
      const found = speakeasy.totp.verifyDelta({
        // The package's types know texts only; a Buffer is the one form it does not reinterpret.
        secret: key as unknown as string,
        token: code,
        algorithm,
        digits,
        step: periodSeconds,
        // The start of the step, a whole number: no rounding can then move the package to another step than `counter`.
        time: counter * periodSeconds,
        window: driftSteps,
      })
      return found === undefined ? undefined : counter + found.delta
    },
  }
}
