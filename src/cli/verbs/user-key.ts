import { OperatorError } from '../failure.ts'
import { requireUser } from '../person.ts'
import { readKeyLines } from '../setup/key-file.ts'
import type { Verb } from '../verb.ts'
import { withUsers } from '../with-users.ts'

export const userKeyAdd: Verb = {
  path: 'user key add',
  group: 'One-time codes and keys',
  summary: 'let a user log in with an SSH key',
  details: 'The file holds public keys as in authorized_keys (the .pub file of ssh-keygen).',
  args: [
    { syntax: '<name>', help: 'login name' },
    { syntax: '<file>', help: 'file with the public key; - reads standard input' },
  ],
  run: (input, context) =>
    withUsers(context, async ({ store }) => {
      const user = await requireUser(store, input.argument(0))
      const before = new Set(user.credentials.keys.map((key) => key.fingerprint))
      for (const line of await readKeyLines(input.argument(1), context.terminal)) {
        await store.change(user.name, { type: 'key-add', line })
      }
      const after = await requireUser(store, user.name)
      const added = after.credentials.keys.filter((key) => !before.has(key.fingerprint))
      for (const key of added)
        context.terminal.out(`Added ${key.fingerprint} ${key.algorithm} ${key.comment}`.trimEnd())
      if (!after.chains.some((chain) => chain.includes('publickey'))) {
        context.terminal.err(
          `Note: none of the chains of ${user.name} has "publickey", so the key opens nothing yet.`,
        )
      }
      return undefined
    }),
}

export const userKeyRm: Verb = {
  path: 'user key rm',
  group: 'One-time codes and keys',
  summary: 'take an SSH key away from a user',
  args: [
    { syntax: '<name>', help: 'login name' },
    { syntax: '<fingerprint>', help: 'as `user show` prints it, or its comment' },
  ],
  run: (input, context) =>
    withUsers(context, async ({ store }) => {
      const user = await requireUser(store, input.argument(0))
      const wanted = input.argument(1)
      const [key, another] = user.credentials.keys.filter(
        (row) => row.fingerprint === wanted || row.comment === wanted,
      )
      if (key === undefined || another !== undefined) {
        throw new OperatorError(
          `${user.name} has ${key === undefined ? 'no key' : 'more than one key'} "${wanted}".`,
          `Give the fingerprint as \`sallyport user show ${user.name}\` prints it.`,
        )
      }
      await store.change(user.name, { type: 'key-remove', fingerprint: key.fingerprint })
      context.terminal.out(`Removed ${key.fingerprint}.`)
      return undefined
    }),
}
