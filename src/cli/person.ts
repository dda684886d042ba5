import type { User } from '../core/identity.ts'
import { OperatorError } from './failure.ts'
import type { UserStore } from './services.ts'

/** The user of that name, or an error that says how to find the right one. */
export async function requireUser(store: UserStore, name: string): Promise<User> {
  const user = await store.find(name)
  if (user !== undefined) return user
  throw new OperatorError(`There is no user "${name}".`, 'See `sallyport user list` for the names.')
}
