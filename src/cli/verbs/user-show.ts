import { describeUser, formatUser } from '../format/user.ts'
import { requireUser } from '../person.ts'
import { JSON_OPTION, type Verb } from '../verb.ts'
import { withUsers } from '../with-users.ts'

export const userShow: Verb = {
  path: 'user show',
  group: 'Users',
  summary: 'show all about one user but the secrets',
  args: [{ syntax: '<name>', help: 'login name' }],
  options: [JSON_OPTION],
  run: (input, context) =>
    withUsers(context, async ({ store, lockedUntil }) => {
      const user = await requireUser(store, input.argument(0))
      const shown = describeUser(user, await lockedUntil(user), Date.now())
      if (input.flag('json')) context.terminal.out(JSON.stringify(shown, null, 2))
      else for (const line of formatUser(shown)) context.terminal.out(line)
      return undefined
    }),
}
