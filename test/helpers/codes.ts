import { Secret, TOTP } from 'otpauth'

const PERIOD_SECONDS = 30
/** Below this much of the current step left, the step before it may be too old when it arrives. */
const SAFE_REMAINDER_SECONDS = 12

export type Codes = Readonly<{
  /** A code that was not handed out before, of the lowest step the server must still take. */
  next(): string
  /** The code handed out last, for a replay. */
  last(): string
  /** Six digits that fit no step near now. */
  wrong(): string
}>

/**
 * One user's one-time codes, computed by another implementation than the server's. A code counts once and steps only
 * rise, so each call gives a later step: the one before now, now, the one after. `allowedDrift` is the server's own.
 */
export function codesOf(secretBase32: string, allowedDrift: number): Codes {
  const totp = new TOTP({
    secret: Secret.fromBase32(secretBase32),
    algorithm: 'SHA1',
    digits: 6,
    period: PERIOD_SECONDS,
  })
  const codeAt = (step: number): string => totp.generate({ timestamp: step * PERIOD_SECONDS * 1000 })
  let lastStep = 0
  return {
    next: () => {
      const seconds = Date.now() / 1000
      const current = Math.floor(seconds / PERIOD_SECONDS)
      const left = PERIOD_SECONDS - (seconds % PERIOD_SECONDS)
      const lowest = left > SAFE_REMAINDER_SECONDS ? current - 1 : current
      const step = Math.max(lastStep + 1, lowest)
      if (step > current + allowedDrift) {
        throw new Error('more logins with a code than steps: give the test a fixture of its own')
      }
      lastStep = step
      return codeAt(step)
    },
    last: () => codeAt(lastStep),
    wrong: () => {
      const current = Math.floor(Date.now() / 1000 / PERIOD_SECONDS)
      const near = new Set(Array.from({ length: 200 }, (_, index) => codeAt(current - 100 + index)))
      let candidate = 0
      while (near.has(String(candidate).padStart(6, '0'))) candidate += 1
      return String(candidate).padStart(6, '0')
    },
  }
}
