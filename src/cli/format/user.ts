import type { PublicKeyCredential, User } from '../../core/identity.ts'
import { formatChains, formatTime, statusOf } from './person.ts'
import { formatFacts } from './table.ts'

/** What may be shown of a user: everything but the secrets. Times are ISO texts. */
export function describeUser(user: User, lockedUntil: number, now: number) {
  return {
    name: user.name,
    status: statusOf(user, lockedUntil, now),
    enabled: user.enabled,
    expires: user.expires?.toISOString(),
    lockedUntil: lockedUntil > now ? new Date(lockedUntil).toISOString() : undefined,
    chains: user.chains,
    anonymous: user.anonymous,
    doors: [...user.doors],
    groups: user.groups ?? [],
    allow: user.allow,
    mounts: user.mounts.map((mount) => ({ ...mount, permissions: [...mount.permissions] })),
    limits: user.limits,
    tlsSessionReuse: user.tlsReuse,
    sunset: user.sunset && { ...user.sunset, plaintextUntil: user.sunset.plaintextUntil.toISOString() },
    password: passwordKind(user.credentials.passwordHash),
    totp: user.credentials.totp !== undefined,
    keys: user.credentials.keys.map(shownKey),
    authorities: user.credentials.authorities.map((one) => ({
      ...shownKey(one),
      principals: one.principals,
    })),
    principals: user.credentials.principals,
    certificates: user.credentials.certificates,
  }
}

type ShownKey = Pick<PublicKeyCredential, 'fingerprint' | 'algorithm' | 'comment'> & { options?: string }

function shownKey({ fingerprint, algorithm, comment, options }: PublicKeyCredential): ShownKey {
  return { fingerprint, algorithm, comment, ...(options !== '' && { options }) }
}

/** The options at the end, where a long list does not hide which key it is. */
export function keyText({ fingerprint, algorithm, comment, options }: ShownKey): string {
  return [fingerprint, algorithm, comment, options].filter((part) => part).join(' ')
}

export type UserDescription = ReturnType<typeof describeUser>

export function formatUser(user: UserDescription): string[] {
  return formatFacts([
    ['name', user.name],
    [
      'status',
      user.lockedUntil === undefined
        ? user.status
        : `${user.status} until ${formatTime(new Date(user.lockedUntil))}`,
    ],
    ['expires', user.expires && formatTime(new Date(user.expires))],
    ['logs in with', factorsText(user)],
    ['doors', user.doors.join(', ')],
    ['groups', user.groups.length > 0 ? user.groups.join(', ') : undefined],
    ['from', user.allow.length === 0 ? 'any address' : user.allow.join(', ')],
    ...user.mounts.map(
      (mount) => [`folder ${mount.at}`, `${mount.location} (${mount.permissions.join(', ')})`] as const,
    ),
    ['sessions', limit(user.limits.maxSessions)],
    ['quota', `${limit(user.limits.quotaBytes)} bytes, ${limit(user.limits.quotaFiles)} files`],
    ['rate', user.limits.bytesPerSecond && rate(user.limits.bytesPerSecond)],
    ['TLS session reuse', user.tlsSessionReuse],
    ['exception', user.sunset && exception(user.sunset)],
    ['password', user.password ?? 'none'],
    ['one-time code', user.totp ? 'enrolled' : 'none'],
    ...user.keys.map((key) => ['key', keyText(key)] as const),
    ...user.authorities.map((key) => ['authority', keyText(key)] as const),
    ['principals', user.principals.length > 0 ? user.principals.join(', ') : undefined],
    ...user.certificates.map((fingerprint) => ['certificate', fingerprint] as const),
  ])
}

/** What a login takes. */
export function factorsText({ chains, anonymous }: Pick<UserDescription, 'chains' | 'anonymous'>): string {
  return anonymous ? 'nothing' : formatChains(chains)
}

function exception(sunset: { plaintextUntil: string; owner: string; reason: string }): string {
  return `cleartext FTP until ${formatTime(new Date(sunset.plaintextUntil))}, answered for by ${sunset.owner}: ${sunset.reason}`
}

function limit(value: number): string {
  return value === 0 ? 'unlimited' : String(value)
}

function rate({ down, up }: Readonly<{ down: number; up: number }>): string | undefined {
  const text = (bytes: number) => (bytes === 0 ? 'unlimited' : `${bytes / 1024} KiB/s`)
  return down === 0 && up === 0 ? undefined : `down ${text(down)}, up ${text(up)}`
}

/** The family of a hash, which is no secret, such as argon2id or `$6$`. */
function passwordKind(hash: string | undefined): string | undefined {
  return hash && (/^\$([a-z0-9-]+)\$/i.exec(hash)?.[1] ?? 'set')
}
