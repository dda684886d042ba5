import type { AlgorithmException } from '../config/exceptions.ts'
import type { Config } from '../config/schema.ts'
import { termOf } from './format/exception.ts'

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
  const { networks, allow, until } = exception
  const who = `listener ${listener}: the SSH exception of ${networks.join(', ')} for ${allow.join(', ')}`
  const term = termOf(exception, now)
  return term === undefined ? `${who} ended ${until}; remove it` : `${who} holds until ${term}`
}
