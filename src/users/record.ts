import { resolve } from 'node:path'
import { certificateName } from '../core/auth/client-certificate.ts'
import { errorCodeOf } from '../core/errors.ts'
import {
  type Action,
  type AuthorityCredential,
  asUserId,
  type Mount,
  type PublicKeyCredential,
  type User,
} from '../core/identity.ts'
import { ROOT, resolveVirtual, type VirtualPath } from '../core/vfs/path.ts'
import { parseInstant } from '../yaml/dates.ts'
import type { Finding } from '../yaml/explain.ts'
import type { Path } from '../yaml/problem.ts'
import { checkAnonymous } from './anonymous.ts'
import { canComplete, chainFlaw, chainsOf } from './chains.ts'
import { passwordFlaw } from './password-format.ts'
import { parsePublicKey } from './public-key.ts'
import { PERMISSION_SETS, type UserRecord } from './schema.ts'
import type { SecretBox } from './secret-box.ts'

const KIB = 1024

export type RecordSettings = Readonly<{
  /** Absolute; relative homes and mounts start here. */
  homes: string
  /** Undefined: secrets are looked at by nobody here, and stay closed. */
  secrets: SecretBox | undefined
}>

/** Collects what is wrong with one record. Paths are below the user. */
type Report = {
  problem(path: Path, message: string, remedy?: string): void
  warning(path: Path, message: string, remedy?: string): void
}

function permissionSet(permissions: UserRecord['permissions']): ReadonlySet<Action> {
  return new Set<Action>(typeof permissions === 'string' ? PERMISSION_SETS[permissions] : permissions)
}

type Keys = Pick<User['credentials'], 'keys' | 'authorities'>

function keysOf(record: UserRecord, report: Report): Keys {
  const keys: PublicKeyCredential[] = []
  const authorities: AuthorityCredential[] = []
  const seen = new Set<string>()
  for (const [index, line] of record.keys.entries()) {
    const parsed = parsePublicKey(line)
    if (!parsed.ok) {
      report.problem(['keys', index], parsed.message, parsed.remedy)
      continue
    }
    const { principals, ...key } = parsed.key
    if (seen.has(key.fingerprint)) {
      report.problem(['keys', index], 'this key is in the list already', 'remove one of them')
    }
    for (const warning of parsed.warnings) report.warning(['keys', index], warning)
    seen.add(key.fingerprint)
    if (parsed.authority) authorities.push({ ...key, principals })
    else keys.push(key)
  }
  return { keys, authorities }
}

function certificatesOf(record: UserRecord, report: Report): readonly string[] {
  const certificates = record.certificates.map(certificateName)
  certificates.forEach((one, index) => {
    if (certificates.indexOf(one) < index) {
      report.problem(['certificates', index], 'this certificate is in the list already', 'remove one of them')
    }
  })
  return certificates
}

function pathAt(text: string): VirtualPath | undefined {
  try {
    return text.startsWith('/') ? resolveVirtual(ROOT, text) : undefined
  } catch (error) {
    if (errorCodeOf(error) === 'path.invalid') return undefined
    throw error
  }
}

function mountsOf(name: string, record: UserRecord, homes: string, report: Report): readonly Mount[] {
  const own = permissionSet(record.permissions)
  const mounts: Mount[] = [{ at: ROOT, location: resolve(homes, record.home ?? name), permissions: own }]
  for (const [index, mount] of record.mounts.entries()) {
    const at = pathAt(mount.at)
    if (at === undefined) {
      report.problem(['mounts', index, 'at'], 'expected a path that starts with /, such as /shared')
      continue
    }
    if (mounts.some((other) => other.at === at)) {
      report.problem(['mounts', index, 'at'], `there is a folder at ${at} already`, 'choose another place')
    }
    const permissions = mount.permissions === undefined ? own : permissionSet(mount.permissions)
    mounts.push({ at, location: resolve(homes, mount.path), permissions })
  }
  return mounts
}

function totpOf(
  name: string,
  record: UserRecord,
  secrets: SecretBox | undefined,
  report: Report,
): User['credentials']['totp'] {
  if (record.totp === undefined) return undefined
  const { algorithm, digits, periodSeconds } = record.totp
  const secret = secrets === undefined ? new Uint8Array() : secrets.open(name, record.totp.secret)
  if (secret !== undefined) return { secret, algorithm, digits, periodSeconds }
  report.problem(
    ['totp', 'secret'],
    'cannot be decrypted with the key file',
    `restore that file, or enrol anew with: sallyport user totp enrol ${name}`,
  )
  return undefined
}

function checkFactors(record: UserRecord, report: Report): void {
  record.factors?.forEach((chain, index) => {
    const why = chainFlaw(chain)
    if (why !== undefined) report.problem(['factors', index], why)
    else if (record.totp !== undefined && !chain.includes('totp')) {
      report.warning(['factors', index], 'this chain does not ask for the one-time code that is enrolled')
    }
  })
  if (!canComplete(record)) report.warning([], 'cannot log in: no chain of factors has all its credentials')
}

/** Cleartext needs both: the door and the dated exception. */
function checkCleartext(record: UserRecord, report: Report): void {
  const open = record.doors.includes('ftp')
  if (record.sunset !== undefined && !open) {
    report.warning(['sunset'], 'has no effect without the door ftp', 'add ftp to doors, or remove sunset')
  } else if (record.sunset === undefined && open) {
    const remedy = 'remove it; FTP with TLS is the door ftps'
    report.warning(['doors', record.doors.indexOf('ftp')], 'ftp has no effect without a sunset', remedy)
  }
}

function checkPassword(record: UserRecord, report: Report): void {
  const flaw = record.password === undefined ? undefined : passwordFlaw(record.password)
  if (flaw !== undefined) report.problem(['password'], flaw.message, flaw.remedy)
}

function limitsOf({ maxSessions, quota, rate }: UserRecord): User['limits'] {
  const bytesPerSecond = { down: rate.downKiBPerSecond * KIB, up: rate.upKiBPerSecond * KIB }
  return { maxSessions, quotaBytes: quota.bytes, quotaFiles: quota.files, bytesPerSecond }
}

function sunsetOf({ sunset }: UserRecord): User['sunset'] {
  const until = sunset === undefined ? undefined : parseInstant(sunset.plaintextUntil)
  if (sunset === undefined || until === undefined) return undefined
  return { plaintextUntil: until, owner: sunset.owner, reason: sunset.reason }
}

export type ReadRecord = Readonly<{ user: User; problems: readonly Finding[]; warnings: readonly Finding[] }>

/** Makes one record into a user. With problems the user must not be used. */
export function readRecord(name: string, record: UserRecord, settings: RecordSettings): ReadRecord {
  const problems: Finding[] = []
  const warnings: Finding[] = []
  const into = (list: Finding[]) => (path: Path, message: string, remedy?: string) => {
    list.push({ path: ['users', name, ...path], part: path.length === 0 ? 'key' : 'value', message, remedy })
  }
  const report: Report = { problem: into(problems), warning: into(warnings) }
  checkPassword(record, report)
  checkFactors(record, report)
  if (record.anonymous) checkAnonymous(name, record, report.problem)
  else checkCleartext(record, report)
  const user: User = {
    id: asUserId(name),
    name,
    enabled: record.enabled,
    anonymous: record.anonymous,
    expires: record.expires === undefined ? undefined : parseInstant(record.expires),
    doors: new Set(record.doors),
    ...(record.groups.length > 0 && { groups: record.groups }),
    allow: record.allow,
    chains: chainsOf(record),
    mounts: mountsOf(name, record, settings.homes, report),
    limits: limitsOf(record),
    sunset: sunsetOf(record),
    ...(record.tlsSessionReuse !== undefined && { tlsReuse: record.tlsSessionReuse }),
    credentials: {
      passwordHash: record.password,
      ...keysOf(record, report),
      principals: record.principals,
      certificates: certificatesOf(record, report),
      totp: totpOf(name, record, settings.secrets, report),
    },
  }
  return { user, problems, warnings }
}
