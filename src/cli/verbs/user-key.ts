import type { PublicKeyCredential, User } from '../../core/identity.ts'
import { OperatorError } from '../failure.ts'
import { keyText } from '../format/user.ts'
import { afterEdit, requireName, requireUser } from '../person.ts'
import { readKeyLines } from '../setup/key-file.ts'
import type { Verb } from '../verb.ts'
import { withUsers } from '../with-users.ts'

/** Those that log in, and those that sign certificates. */
function allKeys({ credentials }: User): readonly PublicKeyCredential[] {
  return [...credentials.keys, ...credentials.authorities]
}

export const userKeyAdd: Verb = {
  path: 'user key add',
  group: 'One-time codes and keys',
  summary: 'let a user log in with an SSH key',
  details:
    'The file holds public keys as in authorized_keys (the .pub file of ssh-keygen), with options or without. ' +
    'With cert-authority before it, a key lets in who has a certificate of it.',
  args: [
    { syntax: '<name>', help: 'login name' },
    { syntax: '<file>', help: 'file with the public key; - reads standard input' },
  ],
  run: (input, context) =>
    withUsers(context, async ({ store }) => {
      const name = await requireName(store, input.argument(0))
      const lines = await readKeyLines(input.argument(1), context.terminal)
      const before = await afterEdit(store, name)
      const known = new Set(before === undefined ? [] : allKeys(before).map((key) => key.fingerprint))
      for (const line of lines) await store.change(name, { type: 'key-add', line })
      context.terminal.out(`${name} has ${lines.length === 1 ? 'a new key' : `${lines.length} new keys`}.`)
      const user = await afterEdit(store, name)
      for (const key of user === undefined ? [] : allKeys(user)) {
        if (!known.has(key.fingerprint)) context.terminal.out(keyText(key))
      }
      if (user !== undefined && !user.chains.flat().includes('publickey')) {
        context.terminal.err(
          `Note: none of the chains of ${name} has "publickey", so the key opens nothing yet.`,
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
      const [key, another] = allKeys(user).filter(
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
