import { formatTable } from '../format/table.ts'
import { describeUser, factorsText } from '../format/user.ts'
import { JSON_OPTION, type Verb } from '../verb.ts'
import { withUsers } from '../with-users.ts'

export const userList: Verb = {
  path: 'user list',
  group: 'Users',
  summary: 'list the users and whether they can log in',
  options: [JSON_OPTION],
  run: (input, context) =>
    withUsers(context, async ({ store, lockedUntil }) => {
      const now = Date.now()
      const users = await Promise.all(
        (await store.list()).map(async (user) => describeUser(user, await lockedUntil(user), now)),
      )
      if (input.flag('json')) {
        context.terminal.out(JSON.stringify(users, null, 2))
        return undefined
      }
      const rows = users.map((user) => [
        user.name,
        user.status,
        factorsText(user),
        user.doors.join(' '),
        user.allow.join(' ') || 'any',
        user.expires?.slice(0, 'yyyy-mm-dd'.length) ?? 'never',
      ])
      for (const line of formatTable(['NAME', 'STATUS', 'FACTORS', 'DOORS', 'FROM', 'EXPIRES'], rows)) {
        context.terminal.out(line)
      }
      return undefined
    }),
}
