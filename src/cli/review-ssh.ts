import { type AlgorithmException, exceptionEndMs } from '../config/exceptions.ts'
import type { Config } from '../config/schema.ts'
import { daysLeft, EXPIRY_WARNING_DAYS } from './format/days.ts'

/** What SSH clients may use that is weak, as sentences. */
export function reviewAlgorithms({ listeners, sftp }: Config, now: number): string[] {
  return listeners.flatMap((listener) => {
    if (listener.door !== 'sftp') return []
    const profile = listener.algorithms ?? sftp.algorithms
    return [
      ...(profile === 'modern' ? [] : [`listener ${listener.name} offers the SSH algorithms "${profile}"`]),
      ...listener.exceptions.map((exception) => reviewException(listener.name, exception, now)),
    ]
  })
}

function reviewException(listener: string, exception: AlgorithmException, now: number): string {
  const { networks, allow, until, owner, reason } = exception
  const who = `listener ${listener}: the SSH exception of ${networks.join(', ')} for ${allow.join(', ')}`
  const days = daysLeft(exceptionEndMs(exception), now)
  if (days < 0) return `${who} ended ${until}; remove it`
  const soon = days < EXPIRY_WARNING_DAYS ? `, in ${days} days,` : ''
  return `${who} holds until ${until}${soon} (${owner}: ${reason})`
}
