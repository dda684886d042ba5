import type { Config } from '../config/schema.ts'
import type { User } from '../core/identity.ts'
import { formatTime, hasSingleFactorChain } from './format/person.ts'

/** What works but is weak, as sentences. */

export function reviewListeners(config: Config): string[] {
  return config.listeners
    .filter((listener) => listener.door === 'ftp' && listener.cleartext)
    .map((listener) => `listener ${listener.name} takes cleartext logins of users with an exception`)
}

export function reviewUsers(users: readonly User[], now: number): string[] {
  return users.filter((user) => user.enabled).flatMap((user) => reviewUser(user, now))
}

function reviewUser(user: User, now: number): string[] {
  const { sunset, name, expires } = user
  const warnings: string[] = []
  if (hasSingleFactorChain(user)) warnings.push(`user ${name} can log in with one factor`)
  if (sunset !== undefined) {
    const until = formatTime(sunset.plaintextUntil)
    warnings.push(
      sunset.plaintextUntil.getTime() > now
        ? `user ${name} may log in over cleartext until ${until} (${sunset.owner}: ${sunset.reason})`
        : `the cleartext exception of user ${name} ended ${until}; remove it`,
    )
  }
  if (expires !== undefined && expires.getTime() <= now)
    warnings.push(`user ${name} expired ${formatTime(expires)}`)
  const hash = user.credentials.passwordHash
  if (hash !== undefined && !hash.startsWith('$argon2id$')) {
    warnings.push(`the password hash of user ${name} is of an old kind; the next good login replaces it`)
  }
  return warnings
}
