import { hashArgon2 } from '../../core/auth/argon2.ts'
import { createEnrolment } from '../enrolment.ts'
import { OperatorError, UsageError } from '../failure.ts'
import { formatEnrolment } from '../format/enrolment.ts'
import { NEW_USER_OPTIONS, readNewUser } from '../new-user.ts'
import { readNewPassword, STDIN_OPTION } from '../password-input.ts'
import type { Verb } from '../verb.ts'
import { withUsers } from '../with-users.ts'

export const userAdd: Verb = {
  path: 'user add',
  group: 'Users',
  summary: 'add a user',
  details:
    'Without --factors a user logs in with a password, or with --key by that key alone; --totp puts a one-time code ' +
    'on top. The password is asked for twice and never shown; it cannot be given as an argument.',
  args: [{ syntax: '<name>', help: 'login name' }],
  options: [...NEW_USER_OPTIONS, STDIN_OPTION],
  run: (input, context) =>
    withUsers(context, async ({ config, store }) => {
      const { terminal } = context
      const { user, needs } = await readNewUser(input, terminal)
      if ((await store.find(user.name)) !== undefined) {
        throw new OperatorError(
          `There is already a user "${user.name}".`,
          'Choose another name, or change that user with `user passwd`, `user key` and `user totp`.',
        )
      }
      const problems = store.problemsOf(user)
      if (problems.length > 0) {
        throw new UsageError(problems.join('\n'), '`sallyport user add --help` shows what may be given.')
      }
      const password = needs.has('password') ? await readNewPassword(input, terminal, user.name) : undefined
      const enrolment = needs.has('totp') ? createEnrolment(user.name, config.mfa.issuer) : undefined
      await store.add({
        ...user,
        ...(password !== undefined && { passwordHash: await hashArgon2(password, config.passwords.argon2) }),
        ...(enrolment !== undefined && { totp: enrolment.credential }),
      })
      terminal.out(`${user.name} is added.`)
      if (enrolment === undefined) return undefined
      for (const line of await formatEnrolment(enrolment, terminal)) terminal.out(line)
      return undefined
    }),
}
