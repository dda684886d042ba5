import { relative } from 'node:path'
import type { Config } from '../../config/schema.ts'
import { renderDefaultConfig } from '../../config/template.ts'
import { hashArgon2 } from '../../core/auth/argon2.ts'
import { createEnrolment } from '../enrolment.ts'
import { OperatorError } from '../failure.ts'
import { formatEnrolment } from '../format/enrolment.ts'
import { randomPassword } from '../secrets.ts'
import type { Context } from '../verb.ts'
import { exists, PRIVATE_FILE, publishDraft, removeDraft, writeNew } from './files.ts'
import { makeKeys } from './make-keys.ts'

/** A name that says what it is: the operator adds users of their own and removes it. */
const FIRST_USER = 'first'

export type FirstStart = Readonly<{ user: string; authorityFile: string }>

/**
 * Makes configuration, keys and users where there is no configuration yet; undefined when there was nothing to make or
 * no first user was made. The configuration comes last, so that a start that was cut short is completed by the next
 * one. Nothing that is there is overwritten.
 */
export async function firstStart(context: Context): Promise<FirstStart | undefined> {
  const { settings } = context
  if (await exists(settings.file)) return undefined
  if (settings.named) {
    throw new OperatorError(
      `There is no configuration ${settings.file}.`,
      'Correct the path. Without --config (and SALLYPORT_CONFIG) the first start makes config/sallyport.yaml in this folder.',
    )
  }
  const draft = `${settings.file}.new`
  await removeDraft(draft)
  await writeNew(draft, renderDefaultConfig(), PRIVATE_FILE)
  try {
    const config = await settings.load(draft)
    const made = await makeAll(config, context)
    await publishDraft(draft, settings.file)
    return made
  } finally {
    await removeDraft(draft)
  }
}

async function makeAll(config: Config, context: Context): Promise<FirstStart | undefined> {
  const { terminal, services, settings } = context
  terminal.out('First start: making what is missing.')
  const keys = await makeKeys(config, services)
  const hadUsers = await exists(config.users.file)
  if (!hadUsers) await writeNew(config.users.file, await services.emptyUsersFile(), PRIVATE_FILE)
  const made = [settings.file, ...(hadUsers ? [] : [config.users.file]), ...keys.made]
  terminal.out(`Made ${made.map((path) => relative('.', path)).join(', ')}.`)
  if (hadUsers) return undefined
  await makeFirstUser(config, context)
  return { user: FIRST_USER, authorityFile: keys.authorityFile }
}

/** Prints the password and the secret this once; only their hash and ciphertext are kept. */
async function makeFirstUser(config: Config, { terminal, services }: Context): Promise<void> {
  const password = randomPassword()
  const enrolment = createEnrolment(FIRST_USER, config.mfa.issuer)
  const store = await services.openUsers(config)
  await store.add({
    name: FIRST_USER,
    passwordHash: await hashArgon2(password, config.passwords.argon2),
    totp: enrolment.credential,
    chains: [['password', 'totp']],
    doors: ['ftps', 'sftp'],
    permissions: 'full',
  })
  terminal.out('')
  terminal.out(
    `A first user "${FIRST_USER}" logs in with a password and a one-time code. Both are shown only now.`,
  )
  terminal.out('')
  terminal.out(`Password:  ${terminal.paint('bold', password)}`)
  terminal.out('')
  for (const line of await formatEnrolment(enrolment, terminal)) terminal.out(line)
  terminal.out('')
}
