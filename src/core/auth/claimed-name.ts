import type { User } from '../identity.ts'
import type { UserDirectory } from '../ports.ts'
import { isPlausibleName } from './throttle.ts'

/** The one name that an anonymous user has. */
export const ANONYMOUS_NAME = 'anonymous'
/** RFC 1635 section 2: clients send it for `anonymous` too. */
const ANONYMOUS_ALIAS = 'ftp'

/** Who a claimed name stands for. A user of that very name comes before the alias. */
export async function findClaimed(
  users: Pick<UserDirectory, 'find'>,
  name: string,
): Promise<User | undefined> {
  if (!isPlausibleName(name)) return undefined
  const user = await users.find(name)
  if (user !== undefined || name !== ANONYMOUS_ALIAS) return user
  const anonymous = await users.find(ANONYMOUS_NAME)
  return anonymous?.anonymous === true ? anonymous : undefined
}
