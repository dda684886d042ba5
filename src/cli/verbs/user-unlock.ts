import { addressKey, userKey } from '../../core/auth/throttle.ts'
import { requireUser } from '../person.ts'
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
      const user = await requireUser(store, input.argument(0))
      const from = input.text('from')
      const address = from === undefined ? undefined : readAddress('--from', from)
      const say = (subject: string, cleared: boolean) =>
        context.terminal.out(
          `${subject} ${cleared ? 'is unlocked' : 'was not locked'}; failures count from zero.`,
        )
      say(user.name, await state.clearFailures(userKey(user.name)))
      if (address !== undefined) say(address, await state.clearFailures(addressKey(address)))
      return undefined
    }),
}
