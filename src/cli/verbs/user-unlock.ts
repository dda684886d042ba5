import { addressKey, userKey } from '../../core/auth/throttle.ts'
import { requireName } from '../person.ts'
import { readAddress } from '../values.ts'
import type { Verb } from '../verb.ts'
import { withUsers } from '../with-users.ts'

export const userUnlock: Verb = {
  path: 'user unlock',
  group: 'Users',
  summary: 'lift a lockout after failed logins',
  args: [{ syntax: '<name>', help: 'login name' }],
  options: [{ flags: '--from <ip>', help: 'also lift the lockout of this address' }],
  run: (input, context) =>
    withUsers(context, async ({ store, state }) => {
      const name = await requireName(store, input.argument(0))
      const from = input.text('from')
      const address = from === undefined ? undefined : readAddress('--from', from)
      const locks = await state()
      const unlock = async (subject: string, key: string) => {
        const locked = (await locks.lockedUntil(key, Date.now())) > 0
        await locks.clearFailures(key)
        context.terminal.out(
          `${subject} ${locked ? 'is unlocked' : 'was not locked'}; failures count from zero.`,
        )
      }
      await unlock(name, userKey(name))
      if (address !== undefined) await unlock(address, addressKey(address))
      return undefined
    }),
}
