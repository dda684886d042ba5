import { OperatorError } from '../failure.ts'
import { requireName } from '../person.ts'
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
      const name = await requireName(store, input.argument(0))
      if (!input.flag('yes')) {
        const answer = await context.terminal.ask(`Remove ${name}? The files stay. [y/N] `, '--yes')
        if (!/^y(es)?$/i.test(answer.trim())) {
          throw new OperatorError('Nothing was removed.', 'Answer y, or use --yes, to remove the user.')
        }
      }
      await store.remove(name)
      context.terminal.out(`${name} is removed. The files are where they were.`)
      return undefined
    }),
}
