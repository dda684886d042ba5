import type { User } from '../core/identity.ts'
import { OperatorError } from './failure.ts'
import type { UserStore } from './services.ts'

/** For edits, which must also work on a user whose entry is what keeps the file from loading. */
export async function requireName(store: UserStore, name: string): Promise<string> {
  if (await store.has(name)) return name
  throw unknownUser(name)
}

/** The user of that name, or an error that says how to find the right one. */
export async function requireUser(store: UserStore, name: string): Promise<User> {
  const user = await store.find(name)
  if (user !== undefined) return user
  throw unknownUser(name)
}

/** The user after an edit; undefined when the file still has problems, which `check` tells. */
export async function afterEdit(store: UserStore, name: string): Promise<User | undefined> {
  try {
    return await store.find(name)
  } catch (error) {
    if (error instanceof OperatorError) return undefined
    throw error
  }
}

function unknownUser(name: string): OperatorError {
  return new OperatorError(`There is no user "${name}".`, 'See `sallyport user list` for the names.')
}
