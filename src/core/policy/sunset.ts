import type { Sunset } from '../identity.ts'

const DAY_MS = 86_400_000

/**
 * The first moment (milliseconds since the epoch) at which the dated exception no longer permits cleartext. The day
 * named by `plaintextUntil` counts whole, in UTC, so that every node and every reader of the file agrees on it. NaN for
 * a date that could not be read.
 */
export function plaintextEndMs({ plaintextUntil: until }: Sunset): number {
  return Date.UTC(until.getUTCFullYear(), until.getUTCMonth(), until.getUTCDate()) + DAY_MS
}

/** Whether the dated exception still permits cleartext. */
export function plaintextAllowed(sunset: Sunset, now: Date): boolean {
  // NaN compares false: no exception.
  return now.getTime() < plaintextEndMs(sunset)
}
