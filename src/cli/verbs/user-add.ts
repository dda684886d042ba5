import type { Config } from '../../config/schema.ts'
import { hashArgon2 } from '../../core/auth/argon2.ts'
import type { Factor } from '../../core/identity.ts'
import { createEnrolment } from '../enrolment.ts'
import { OperatorError, UsageError } from '../failure.ts'
import { formatEnrolment } from '../format/enrolment.ts'
import { readNewPassword, STDIN_OPTION } from '../password-input.ts'
import type { NewUser } from '../services.ts'
import { readKeyLines } from '../setup/key-file.ts'
import { readChains, readDate, readDoor, readPermissions } from '../values.ts'
import type { Context, Input, Verb } from '../verb.ts'
import { withUsers } from '../with-users.ts'

export const userAdd: Verb = {
  path: 'user add',
  group: 'Users',
  summary: 'add a user',
  details:
    'Without --factors a user logs in with a password, or with --key by that key alone; --totp puts a one-time code\n' +
    'on top. The password is asked for twice and never shown; it cannot be given as an argument.',
  args: [{ syntax: '<name>', help: 'login name' }],
  options: [
    { flags: '--home <dir>', help: 'folder of the user (default: one of that name under the homes)' },
    { flags: '--door <door>', help: 'a door the user may use: ftps, sftp, or ftp (cleartext)', repeat: true },
    { flags: '--allow <cidr>', help: 'a network the user may come from (default: any)', repeat: true },
    { flags: '--permissions <list>', help: 'full, read, or actions apart by commas (default: full)' },
    { flags: '--key <file>', help: 'file with an SSH public key of the user', repeat: true },
    { flags: '--totp', help: 'ask for one-time codes; shows the secret once' },
    { flags: '--factors <chains>', help: 'ways to log in, such as password+totp,publickey+totp' },
    { flags: '--expires <date>', help: 'last moment of the account, such as 2027-01-31' },
    STDIN_OPTION,
  ],
  run: (input, context) =>
    withUsers(context, async ({ config, store }) => {
      const name = input.argument(0)
      const chains = chainsOf(input)
      const wished = await plainParts(input, context, name, chains)
      if ((await store.find(name)) !== undefined) {
        throw new OperatorError(
          `There is already a user "${name}".`,
          'Choose another name, or change that user with `user passwd`, `user key` and `user totp`.',
        )
      }
      await add(wished, { config, context, input, store })
      return undefined
    }),
}

type Addition = Readonly<{
  config: Config
  context: Context
  input: Input
  store: { add(user: NewUser): Promise<void> }
}>

async function add(wished: NewUser, { config, context, input, store }: Addition): Promise<void> {
  const needs = (factor: Factor) => wished.chains?.some((chain) => chain.includes(factor)) === true
  const password = needs('password') ? await readNewPassword(input, context.terminal, wished.name) : undefined
  const enrolment = needs('totp') ? createEnrolment(wished.name, config.mfa.issuer) : undefined
  await store.add({
    ...wished,
    ...(password !== undefined && { passwordHash: await hashArgon2(password, config.passwords.argon2) }),
    ...(enrolment !== undefined && { totp: enrolment.credential }),
  })
  context.terminal.out(`${wished.name} is added.`)
  if (enrolment === undefined) return
  for (const line of await formatEnrolment(enrolment, context.terminal)) context.terminal.out(line)
}

function chainsOf(input: Input): Factor[][] {
  const text = input.text('factors')
  if (text === undefined) {
    const first: Factor = input.list('key').length > 0 ? 'publickey' : 'password'
    return [input.flag('totp') ? [first, 'totp'] : [first]]
  }
  const chains = readChains('--factors', text)
  if (input.flag('totp') && !chains.some((chain) => chain.includes('totp'))) {
    throw new UsageError(
      '--totp is given, but no chain of --factors asks for a code.',
      'Write, for example, password+totp.',
    )
  }
  return chains
}

/** All that needs no secret, read before any question is asked. */
async function plainParts(
  input: Input,
  { terminal }: Context,
  name: string,
  chains: Factor[][],
): Promise<NewUser> {
  const keys = (await Promise.all(input.list('key').map((file) => readKeyLines(file, terminal)))).flat()
  const asksKey = chains.some((chain) => chain.includes('publickey'))
  if (asksKey !== keys.length > 0) {
    throw asksKey
      ? new UsageError('--factors asks for a public key, but there is none.', 'Give it with --key FILE.')
      : new UsageError(
          '--key is given, but no chain of --factors has "publickey".',
          'Add publickey to a chain.',
        )
  }
  const [home, permissions, expires] = [input.text('home'), input.text('permissions'), input.text('expires')]
  const doors = input.list('door').map((door) => readDoor('--door', door))
  return {
    name,
    chains,
    keys,
    allow: input.list('allow'),
    ...(doors.length > 0 && { doors }),
    ...(home !== undefined && { home }),
    ...(permissions !== undefined && { permissions: readPermissions('--permissions', permissions) }),
    ...(expires !== undefined && { expires: readDate('--expires', expires) }),
  }
}
