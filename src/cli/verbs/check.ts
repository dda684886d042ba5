import { EXIT_FAILED, EXIT_OK } from '../failure.ts'
import { reviewListeners, reviewUsers } from '../review.ts'
import { reviewKeys } from '../review-keys.ts'
import { JSON_OPTION, type Verb } from '../verb.ts'
import { withUsers } from '../with-users.ts'

export const check: Verb = {
  path: 'check',
  group: 'Look',
  summary: 'check the configuration, the keys and the users file',
  details:
    'Prints every problem with its place and remedy, and warnings about what works but is weak. Binds no port and changes ' +
    'nothing. Exit code 0: it would start (there may be warnings), 1: it would not.',
  options: [JSON_OPTION],
  run: (input, context) =>
    withUsers(context, async ({ config, store }) => {
      const now = Date.now()
      const users = await store.list()
      const keys = await reviewKeys(config, context.services, now)
      const warnings = [
        ...(await store.warnings()),
        ...keys.warnings,
        ...reviewListeners(config),
        ...reviewUsers(users, now),
      ]
      const summary = {
        listeners: config.listeners.map(({ name, door, address, port }) => ({ name, door, address, port })),
        users: users.length,
        hostKeys: keys.hostKeys,
        certificate: keys.certificate,
      }
      const ok = keys.problems.length === 0
      if (input.flag('json')) {
        context.terminal.out(JSON.stringify({ ok, problems: keys.problems, warnings, ...summary }, null, 2))
        return ok ? EXIT_OK : EXIT_FAILED
      }
      for (const problem of keys.problems) context.terminal.err(problem)
      for (const warning of warnings) context.terminal.out(`warning: ${warning}`)
      if (!ok) return EXIT_FAILED
      const doors = summary.listeners
        .map(({ name, address, port }) => `${name} ${address}:${port}`)
        .join(', ')
      context.terminal.out(
        `ok: ${doors}; ${users.length === 1 ? '1 user' : `${users.length} users`}; certificate until ${keys.certificate?.notAfter}`,
      )
      return EXIT_OK
    }),
}
