import { OperatorError } from '../cli/failure.ts'
import type { NewUser, UserChange, UserStore } from '../cli/services.ts'
import { formatProblems } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { systemClock as clock } from '../server/system-clock.ts'
import type { EditResult } from '../users/edit.ts'
import { createUserEditor, type NewUser as UserEntry } from '../users/editor.ts'
import { newEntryProblems } from '../users/new-entry.ts'
import { hasEntry, readUsers } from '../users/read.ts'
import { formatProblem, problemText } from '../yaml/problem.ts'
import { openSecrets, usersProblems } from './open-users.ts'

/** The users file for the CLI's verbs. Throws OperatorError when the key for its secrets cannot be used. */
export async function openUserStore(config: Config): Promise<UserStore> {
  const { file } = config.users
  const settings = { homes: config.files.homes, secrets: openSecrets(config) }
  const editor = createUserEditor({ ...settings, file, clock })
  const read = async () => {
    const result = await readUsers(file, settings)
    if (result.ok) return result.set
    throw usersProblems(result.problems)
  }
  const apply = async (name: string, edit: Promise<EditResult>) => {
    const result = await edit
    if (!result.ok) throw refusal(name, result)
  }

  function edited(name: string, change: UserChange): Promise<EditResult> {
    switch (change.type) {
      case 'password':
        return editor.setPassword(name, change.hash)
      case 'enabled':
        return editor.setEnabled(name, change.enabled)
      case 'totp':
        return change.credential === undefined
          ? editor.removeTotp(name)
          : editor.setTotp(name, change.credential)
      case 'key-add':
        return editor.addKey(name, change.line)
      case 'key-remove':
        return editor.removeKey(name, change.fingerprint)
      case 'certificate-add':
        return editor.addCertificate(name, change.certificate)
      case 'certificate-remove':
        return editor.removeCertificate(name, change.certificate)
    }
  }

  return {
    list: async () => [...(await read()).users.values()],
    has: (name) => hasEntry(file, name),
    find: async (name) => (await read()).users.get(name),
    warnings: async () => (await read()).warnings.map(formatProblem),
    problemsOf: (user) => newEntryProblems(user.name, entryOf(user)),
    add: (user) => apply(user.name, editor.addUser(user.name, entryOf(user))),
    change: (name, change) => apply(name, edited(name, change)),
    remove: (name) => apply(name, editor.removeUser(name)),
  }
}

/** From the CLI's words to the users file's. The file's own check refuses names it does not know. */
function entryOf({ name: _, passwordHash, chains, permissions, ...rest }: NewUser): UserEntry {
  return {
    ...rest,
    ...(passwordHash !== undefined && { password: passwordHash }),
    ...(chains !== undefined && { factors: chains.map((chain) => [...chain]) }),
    ...(permissions !== undefined && { permissions }),
  } as UserEntry
}

function refusal(name: string, result: Extract<EditResult, { ok: false }>): OperatorError {
  switch (result.reason) {
    case 'user-exists':
      return new OperatorError(`There is a user "${name}" already.`, 'Choose another name.')
    case 'unknown-user':
      return new OperatorError(`There is no user "${name}".`, '`sallyport user list` names all.')
    case 'unknown-key':
      return new OperatorError(
        `"${name}" has no such key or certificate.`,
        `\`sallyport user show ${name}\` names the fingerprints.`,
      )
    case 'stale-hash':
      return new OperatorError(`The password of "${name}" has just been changed.`, 'Run the command again.')
    // Places would be those of a text that nobody has seen.
    case 'invalid':
      return new OperatorError(
        `The users file was left as it is:\n${result.problems.map(problemText).join('\n')}`,
        'Correct the command and run it again.',
      )
    case 'broken-file':
      return new OperatorError(
        `The users file was left as it is:\n${formatProblems(result.problems)}`,
        'Mend that and run the command again.',
      )
  }
}
