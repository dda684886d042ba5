import { requireName } from '../person.ts'
import type { Verb } from '../verb.ts'
import { withUsers } from '../with-users.ts'

function switching(word: 'enable' | 'disable', summary: string, done: string): Verb {
  return {
    path: `user ${word}`,
    group: 'Users',
    summary,
    args: [{ syntax: '<name>', help: 'login name' }],
    run: (input, context) =>
      withUsers(context, async ({ store }) => {
        const name = await requireName(store, input.argument(0))
        await store.change(name, { type: 'enabled', enabled: word === 'enable' })
        context.terminal.out(`${name} ${done}`)
        return undefined
      }),
  }
}

export const userDisable = switching(
  'disable',
  'refuse a user until enabled again',
  'is disabled: logins are refused from now on and a running server ends the open sessions.',
)

export const userEnable = switching('enable', 'let a disabled user in again', 'is enabled.')
