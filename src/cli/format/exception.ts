import { exceptionEndMs } from '../../config/exceptions.ts'
import { daysLeft, EXPIRY_WARNING_DAYS, inDays } from './days.ts'

/** As in "2027-06-30, in 3 days, (who: why)"; undefined for one that has ended. */
export function termOf(
  { until, owner, reason }: Readonly<{ until: string; owner: string; reason: string }>,
  now: number,
): string | undefined {
  const days = daysLeft(exceptionEndMs({ until }), now)
  if (days < 0) return undefined
  const soon = days < EXPIRY_WARNING_DAYS ? `, ${inDays(days)},` : ''
  return `${until}${soon} (${owner}: ${reason})`
}
