import type { Factor } from '../core/identity.ts'
import { UsageError } from './failure.ts'
import type { NewUser } from './services.ts'
import { readKeyLines } from './setup/key-file.ts'
import type { Terminal } from './terminal.ts'
import { readChains, readDoor, readPermissions } from './values.ts'
import type { Input, OptionRow } from './verb.ts'

export const NEW_USER_OPTIONS: readonly OptionRow[] = [
  { flags: '--home <dir>', help: 'folder of the user (default: one of that name under files.homes)' },
  { flags: '--door <door>', help: 'a door the user may use: ftps, sftp, or ftp (cleartext)', repeat: true },
  { flags: '--group <name>', help: 'a group the user is in, for lists of listeners', repeat: true },
  { flags: '--allow <cidr>', help: 'a network the user may come from (default: any)', repeat: true },
  {
    flags: '--permissions <list>',
    help: 'full, read-only, upload-only, or actions apart by commas (default: full)',
  },
  { flags: '--key <file>', help: 'file with an SSH public key of the user', repeat: true },
  { flags: '--totp', help: 'ask for one-time codes; shows the secret once' },
  { flags: '--factors <chains>', help: 'ways to log in, such as password+totp,publickey+totp' },
  { flags: '--expires <date>', help: 'last day of the account, such as 2027-01-31' },
]

/** A user as asked for, and the credentials that are still to be made. */
export type WantedUser = Readonly<{ user: NewUser; needs: ReadonlySet<Factor> }>

/** Reads all that is no secret, so that a mistake is found before any question is asked. */
export async function readNewUser(input: Input, terminal: Terminal): Promise<WantedUser> {
  checkInput(input)
  const keys = (await Promise.all(input.list('key').map((file) => readKeyLines(file, terminal)))).flat()
  const first: Factor = keys.length > 0 ? 'publickey' : 'password'
  const chains = chainsOf(input, first)
  const needs = new Set<Factor>(chains?.flat() ?? [first])
  checkKeys(needs, keys)
  const doors = input.list('door').map((door) => readDoor('--door', door))
  const groups = input.list('group')
  const [home, permissions, expires] = [input.text('home'), input.text('permissions'), input.text('expires')]
  const user = {
    name: input.argument(0),
    keys,
    allow: input.list('allow'),
    ...(chains !== undefined && { chains }),
    ...(doors.length > 0 && { doors }),
    ...(groups.length > 0 && { groups }),
    ...(home !== undefined && { home }),
    ...(permissions !== undefined && { permissions: readPermissions(permissions) }),
    ...(expires !== undefined && { expires }),
  }
  return { user, needs }
}

/** Explicit where a code is wanted, so that losing a credential later never makes the login easier. */
function chainsOf(input: Input, first: Factor): Factor[][] | undefined {
  const text = input.text('factors')
  if (text === undefined) return input.flag('totp') ? [[first, 'totp']] : undefined
  const chains = readChains('--factors', text)
  if (input.flag('totp') && !chains.flat().includes('totp')) {
    throw new UsageError(
      '--totp is given, but no chain of --factors asks for a code.',
      'Write, for example, --factors password+totp.',
    )
  }
  return chains
}

/** Standard input is read to its end by the first who asks for it. */
function checkInput(input: Input): void {
  const readers = [...input.list('key').filter((file) => file === '-'), ...(input.flag('stdin') ? ['-'] : [])]
  if (readers.length > 1) {
    throw new UsageError(
      'Standard input is wanted twice, by --key - and by --stdin or another --key -.',
      'Give the key as a file.',
    )
  }
}

function checkKeys(needs: ReadonlySet<Factor>, keys: readonly string[]): void {
  if (needs.has('publickey') && keys.length === 0) {
    throw new UsageError('--factors asks for a public key, but there is none.', 'Give it with --key FILE.')
  }
  if (!needs.has('publickey') && keys.length > 0) {
    throw new UsageError(
      '--key is given, but no chain of --factors has "publickey".',
      'Write, for example, --factors publickey+totp.',
    )
  }
}
