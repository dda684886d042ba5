import { ANONYMOUS_NAME } from '../core/auth/claimed-name.ts'
import type { Action } from '../core/identity.ts'
import type { Path } from '../yaml/problem.ts'
import { PERMISSION_SETS, type UserRecord } from './schema.ts'

/** What anybody may do at most. */
const HARMLESS: ReadonlySet<Action> = new Set(PERMISSION_SETS['read-only'])

function mayMore(permissions: UserRecord['permissions']): boolean {
  const actions: readonly Action[] =
    typeof permissions === 'string' ? PERMISSION_SETS[permissions] : permissions
  return actions.some((action) => !HARMLESS.has(action))
}

/** Credentials of an anonymous user would make one believe that they are asked for. */
function credentialsOf(record: UserRecord): readonly string[] {
  const { password, keys, principals, certificates, totp, factors, sunset } = record
  const present = {
    password: password !== undefined,
    keys: keys.length > 0,
    principals: principals.length > 0,
    certificates: certificates.length > 0,
    totp: totp !== undefined,
    factors: factors !== undefined,
    sunset: sunset !== undefined,
  }
  return Object.entries(present).flatMap(([key, there]) => (there ? [key] : []))
}

/** Anybody can be this user, so nothing in the record may promise or allow more than reading. */
export function checkAnonymous(
  name: string,
  record: UserRecord,
  problem: (path: Path, message: string, remedy?: string) => void,
): void {
  if (name !== ANONYMOUS_NAME) {
    problem(
      ['anonymous'],
      `only the user ${ANONYMOUS_NAME} can be anonymous`,
      'rename the user, or remove it',
    )
  }
  for (const key of credentialsOf(record)) {
    problem([key], 'an anonymous user proves nothing', 'remove it')
  }
  const remedy = 'set permissions: read-only'
  if (mayMore(record.permissions)) {
    problem(['permissions'], 'an anonymous user may list and read only', remedy)
  }
  record.mounts.forEach(({ permissions }, index) => {
    if (permissions !== undefined && mayMore(permissions)) {
      problem(['mounts', index, 'permissions'], 'an anonymous user may list and read only', remedy)
    }
  })
}
