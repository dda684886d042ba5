import type { Sunset } from '../identity.ts'

const DAY_MS = 86_400_000

/**
 * Whether the dated exception still permits cleartext. The day named by `plaintextUntil` counts whole, in UTC, so that
 * every node and every reader of the file agrees on the moment it ends.
 */
export function plaintextAllowed(sunset: Sunset, now: Date): boolean {
  const until = sunset.plaintextUntil
  const lastDay = Date.UTC(until.getUTCFullYear(), until.getUTCMonth(), until.getUTCDate())
  // A date that could not be read is NaN and compares false: no exception.
  return now.getTime() < lastDay + DAY_MS
}
