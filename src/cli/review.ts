import type { OpenEndedUploads } from '../config/exceptions.ts'
import type { Config } from '../config/schema.ts'
import type { User } from '../core/identity.ts'
import { groupOf } from '../core/policy/groups.ts'
import { termOf } from './format/exception.ts'
import { formatTime, hasSingleFactorChain } from './format/person.ts'

/** What works but is weak, as sentences. */

/** `users` undefined: they could not be read, so nothing is said about names. */
export function reviewListeners(config: Config, users: readonly User[] | undefined, now: number): string[] {
  return config.listeners.flatMap((listener) => {
    const { name } = listener
    const ftp = listener.door === 'ftp' ? listener : undefined
    return [
      ...(ftp?.cleartext ? [`listener ${name} takes cleartext logins of users with an exception`] : []),
      ...(ftp?.legacyTls ? [reviewLegacyTls(name, ftp.legacyTls, now)] : []),
      ...(ftp?.openEndedUploads ?? []).map((exception) => reviewOpenEnded(name, exception, now)),
      ...(ftp?.anonymous ? reviewAnonymous(name, users) : []),
      ...strangers(`listener ${name}`, listener.users, users),
      ...(ftp?.hosts ?? []).flatMap((host) =>
        strangers(`host ${host.name} of listener ${name}`, host.users, users),
      ),
    ]
  })
}

type LegacyTls = Readonly<{ until: string; owner: string; reason: string }>

function reviewLegacyTls(listener: string, exception: LegacyTls, now: number): string {
  const term = termOf(exception, now)
  return term === undefined
    ? `listener ${listener}: the exception for old TLS ended ${exception.until}; remove it`
    : `listener ${listener} speaks old TLS until ${term}`
}

function reviewOpenEnded(listener: string, exception: OpenEndedUploads, now: number): string {
  const clients = `of ${exception.networks.join(', ')}`
  const term = termOf(exception, now)
  return term === undefined
    ? `listener ${listener}: the exception for open-ended uploads ${clients} ended ${exception.until}; remove it`
    : `listener ${listener} takes uploads ${clients} that end as cut ones do until ${term}`
}

function reviewAnonymous(listener: string, users: readonly User[] | undefined): string[] {
  const there = users?.some((user) => user.anonymous) ?? true
  return there
    ? [`listener ${listener} lets anybody read the files of the anonymous user`]
    : [`listener ${listener} takes anonymous users, but the users file has none`]
}

function strangers(place: string, names: readonly string[], users: readonly User[] | undefined): string[] {
  if (users === undefined) return []
  return names.flatMap((name) => {
    const group = groupOf(name)
    const known = users.some((user) =>
      group === undefined ? user.name === name : user.groups?.includes(group),
    )
    if (known) return []
    const stranger = group === undefined ? 'whom the users file does not have' : 'a group that nobody is in'
    return [`${place} admits "${name}", ${stranger}`]
  })
}

export function reviewUsers(users: readonly User[], now: number): string[] {
  return users.filter((user) => user.enabled).flatMap((user) => reviewUser(user, now))
}

function reviewUser(user: User, now: number): string[] {
  const { sunset, name, expires } = user
  const warnings: string[] = []
  if (!user.anonymous && hasSingleFactorChain(user)) warnings.push(`user ${name} can log in with one factor`)
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
