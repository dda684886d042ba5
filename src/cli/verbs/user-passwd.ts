import { hashArgon2 } from '../../core/auth/argon2.ts'
import { readNewPassword, STDIN_OPTION } from '../password-input.ts'
import { requireName } from '../person.ts'
import type { Verb } from '../verb.ts'
import { withUsers } from '../with-users.ts'

export const userPasswd: Verb = {
  path: 'user passwd',
  group: 'Users',
  summary: "set a user's password",
  details: 'The password is asked for twice and never shown; it cannot be given as an argument.',
  args: [{ syntax: '<name>', help: 'login name' }],
  options: [STDIN_OPTION],
  run: (input, context) =>
    withUsers(context, async ({ config, store }) => {
      const name = await requireName(store, input.argument(0))
      const password = await readNewPassword(input, context.terminal, name)
      const hash = await hashArgon2(password, config.passwords.argon2)
      await store.change(name, { type: 'password', hash })
      context.terminal.out(`${name} has a new password. Sessions that are open go on.`)
      return undefined
    }),
}
