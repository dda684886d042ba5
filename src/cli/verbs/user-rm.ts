import { OperatorError } from '../failure.ts'
import { requireUser } from '../person.ts'
import type { Verb } from '../verb.ts'
import { withUsers } from '../with-users.ts'

export const userRm: Verb = {
  path: 'user rm',
  group: 'Users',
  summary: 'remove a user; the files stay',
  args: [{ syntax: '<name>', help: 'login name' }],
  options: [{ flags: '--yes', help: 'do not ask whether this is meant' }],
  run: (input, context) =>
    withUsers(context, async ({ store }) => {
      const user = await requireUser(store, input.argument(0))
      if (!input.flag('yes')) {
        const answer = await context.terminal.ask(`Remove ${user.name}? The files stay. [y/N] `)
        if (!/^y(es)?$/i.test(answer.trim())) {
          throw new OperatorError('Nothing was removed.', 'Answer y, or use --yes, to remove the user.')
        }
      }
      await store.remove(user.name)
      const folders = user.mounts.map((mount) => mount.location).join(', ')
      context.terminal.out(`${user.name} is removed. The files are still in ${folders}.`)
      return undefined
    }),
}
