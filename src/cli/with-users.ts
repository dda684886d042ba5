import type { Config } from '../config/schema.ts'
import { userKey } from '../core/auth/throttle.ts'
import type { User } from '../core/identity.ts'
import type { StateStore } from '../core/ports.ts'
import type { UserStore } from './services.ts'
import type { Context } from './verb.ts'

export type UserTools = Readonly<{
  config: Config
  store: UserStore
  state: StateStore
  /** Milliseconds since the epoch; 0 = not locked now. */
  lockedUntil(user: User): Promise<number>
}>

/** Opens what the user verbs work on and closes it whatever happens. */
export async function withUsers<T>(context: Context, work: (tools: UserTools) => Promise<T>): Promise<T> {
  const config = await context.settings.load()
  const store = await context.services.openUsers(config)
  try {
    const state = await context.services.openState(config)
    try {
      const lockedUntil = (user: User) => state.lockedUntil(userKey(user.name), Date.now())
      return await work({ config, store, state, lockedUntil })
    } finally {
      await state.close()
    }
  } finally {
    await store.close()
  }
}
