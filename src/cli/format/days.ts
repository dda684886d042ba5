const DAY_MS = 86_400_000

/** From so many days before the end of something on, its end is told. */
export const EXPIRY_WARNING_DAYS = 30

/** Whole days from `now` to `end`, both milliseconds since the epoch; below 0 when it is over. */
export function daysLeft(end: number, now: number): number {
  return Math.floor((end - now) / DAY_MS)
}

/** As in "in 3 days", of what `daysLeft` gives. */
export function inDays(days: number): string {
  if (days === 0) return 'in less than a day'
  return days === 1 ? 'in 1 day' : `in ${days} days`
}
