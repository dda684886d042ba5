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
      const say = (subject: string, cleared: boolean) =>
        context.terminal.out(
          `${subject} ${cleared ? 'is unlocked' : 'was not locked'}; failures count from zero.`,
        )
      say(name, await locks.clearFailures(userKey(name)))
      if (address !== undefined) say(address, await locks.clearFailures(addressKey(address)))
      return undefined
    }),
}
