import type { Config } from '../config/schema.ts'
import { userKey } from '../core/auth/throttle.ts'
import type { User } from '../core/identity.ts'
import type { StateStore } from '../core/ports.ts'
import type { UserStore } from './services.ts'
import type { Context } from './verb.ts'

export type UserTools = Readonly<{
  config: Config
  store: UserStore
  /** Opened when first asked for: most edits of users need no state. */
  state(): Promise<StateStore>
  /** Milliseconds since the epoch; 0 = not locked now. */
  lockedUntil(user: User): Promise<number>
}>

/** Loads the configuration, gives `work` what it stands on, and closes all of it whatever happens. */
export async function withUsers<T>(context: Context, work: (tools: UserTools) => Promise<T>): Promise<T> {
  const config = await context.settings.load()
  const store = await context.services.openUsers(config)
  let opened: Promise<StateStore> | undefined
  const state = () => {
    opened ??= context.services.openState(config)
    return opened
  }
  const lockedUntil = async (user: User) => (await state()).lockedUntil(userKey(user.name), Date.now())
  try {
    return await work({ config, store, state, lockedUntil })
  } finally {
    await (await opened)?.close()
  }
}
