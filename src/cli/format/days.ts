const DAY_MS = 86_400_000

/** From so many days before the end of something on, its end is told. */
export const EXPIRY_WARNING_DAYS = 30

/** Whole days from `now` to `end`, both milliseconds since the epoch; below 0 when it is over. */
export function daysLeft(end: number, now: number): number {
  return Math.floor((end - now) / DAY_MS)
}
