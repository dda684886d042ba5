import type { Config, ListenerConfig } from '../../config/schema.ts'
import { findClaimed } from '../../core/auth/claimed-name.ts'
import { readLocks } from '../../core/auth/throttle.ts'
import type { Door, Factor, User } from '../../core/identity.ts'
import type { Decision, Facts } from '../../core/policy/decide.ts'
import { EXIT_FAILED, EXIT_OK, UsageError } from '../failure.ts'
import { formatChains, formatTime } from '../format/person.ts'
import { formatTable } from '../format/table.ts'
import { readAddress, readDate, readDoor, readFactors } from '../values.ts'
import { type Context, type Input, JSON_OPTION, type Verb } from '../verb.ts'
import { withUsers } from '../with-users.ts'

export const explain: Verb = {
  path: 'explain',
  group: 'Look',
  summary: 'say whether a login would be let in, and why',
  details:
    'Asks the same rules as the server, about the users and lockouts as they are now, and prints every rule that was ' +
    'asked. Without --factors it goes as far as the server does before it looks at a password. Exit code 0: let in, 1: refused.',
  options: [
    { flags: '--user <name>', help: 'login name', required: true },
    { flags: '--from <ip>', help: "the client's address", required: true },
    { flags: '--door <door>', help: 'ftp, ftps or sftp', required: true },
    { flags: '--tls', help: 'for ftp: after AUTH TLS, the same as --door ftps' },
    { flags: '--cleartext', help: 'for ftps: before AUTH TLS, the same as --door ftp' },
    { flags: '--listener <name>', help: 'the listener (default: the first with that door)' },
    { flags: '--host <name>', help: 'the name asked for by SNI or HOST, of those the listener has' },
    { flags: '--factors <list>', help: 'what has been proven, such as password,totp' },
    { flags: '--at <date>', help: 'decide as if it were then (default: now)' },
    JSON_OPTION,
  ],
  run: (input, context) => withUsers(context, (tools) => run(input, context, tools)),
}

type Tools = Parameters<Parameters<typeof withUsers>[1]>[0]

async function run(input: Input, context: Context, { config, store, state }: Tools): Promise<number> {
  const question = readQuestion(input, config)
  const found = await findClaimed(store, question.name)
  const user = found && throughDoor(found, context.services.canProve(question.place, question.door))
  const locks = await readLocks(await state(), question.name, question.remoteIp, question.at.getTime())
  const stuck = found !== undefined && user?.chains.length === 0
  const facts: Facts = {
    stage: question.proven === undefined || stuck ? 'identify' : 'grant',
    origin: { ...question, listener: question.place.name },
    ...locks,
    user,
    proven: question.proven ?? [],
  }
  const asked = context.services.policy(config).decide(facts, question.at)
  const decision = stuck && asked.allow ? nowhere(asked, found, question) : asked
  const print = input.flag('json') ? printJson : printText
  print({ question, decision, user }, context)
  return decision.allow ? EXIT_OK : EXIT_FAILED
}

/** As the server sees the user: with the chains that a client can prove there. */
function throughDoor(user: User, can: ReadonlySet<Factor>): User {
  if (user.anonymous) return user
  return { ...user, chains: user.chains.filter((chain) => chain.every((factor) => can.has(factor))) }
}

/** What the server's rules let pass it refuses at each proof. */
function nowhere({ trail }: Decision, { chains }: User, { door, place }: Question): Decision {
  const why = `None of ${formatChains(chains)} can be proven by ${door} on listener ${place.name}.`
  const row = { rule: 'factors', verdict: 'deny', why } as const
  return { allow: false, reason: 'factor-not-in-chain', rule: row.rule, trail: [...trail, row] }
}

type Question = Readonly<{
  name: string
  remoteIp: string
  door: Door
  encrypted: boolean
  place: ListenerConfig
  host?: string
  proven: readonly Factor[] | undefined
  at: Date
}>

function readQuestion(input: Input, config: Config): Question {
  const door = doorOf(input)
  const [factors, at] = [input.text('factors'), input.text('at')]
  const listener = listenerOf(config, door, input.text('listener'))
  const host = hostOf(listener, input.text('host'))
  return {
    name: input.text('user') ?? '',
    remoteIp: readAddress('--from', input.text('from') ?? ''),
    door,
    encrypted: door !== 'ftp',
    place: listener,
    ...(host !== undefined && { host }),
    proven: factors === undefined ? undefined : readFactors('--factors', factors),
    at: at === undefined ? new Date() : readDate('--at', at),
  }
}

function doorOf(input: Input): Door {
  const door = readDoor('--door', input.text('door') ?? '')
  const [tls, cleartext] = [input.flag('tls'), input.flag('cleartext')]
  if (tls && cleartext) throw new UsageError('--tls and --cleartext exclude each other.', 'Give one of them.')
  if (door === 'sftp') {
    if (tls || cleartext) {
      throw new UsageError(
        'The door sftp is always encrypted, and never by TLS.',
        `Leave ${tls ? '--tls' : '--cleartext'} out.`,
      )
    }
    return door
  }
  if (tls) return 'ftps'
  return cleartext ? 'ftp' : door
}

function listenerOf(config: Config, door: Door, name: string | undefined): ListenerConfig {
  const offers = (listener: ListenerConfig) =>
    listener.door === 'sftp'
      ? door === 'sftp'
      : door === 'ftps' || (door === 'ftp' && listener.tls === 'explicit')
  const fitting = config.listeners.filter(offers)
  if (name !== undefined) {
    const named = fitting.find((listener) => listener.name === name)
    if (named !== undefined) return named
  } else {
    // A login in clear is asked about where it has a chance, so that the answer is about the user.
    const clear = fitting.find((listener) => door === 'ftp' && listener.door === 'ftp' && listener.cleartext)
    const chosen = clear ?? fitting[0]
    if (chosen !== undefined) return chosen
  }
  throw new UsageError(
    name === undefined ? `No listener has the door ${door}.` : `No listener "${name}" has the door ${door}.`,
    fitting.length > 0
      ? `Those that have it: ${fitting.map((listener) => listener.name).join(', ')}.`
      : 'Add one under `listeners` in the configuration.',
  )
}

function hostOf(listener: ListenerConfig, name: string | undefined): string | undefined {
  const hosts = listener.door === 'ftp' ? listener.hosts : []
  if (name === undefined || hosts.some((host) => host.name === name)) return name
  throw new UsageError(
    `Listener ${listener.name} has no host "${name}".`,
    hosts.length > 0 ? `It has ${hosts.map((host) => host.name).join(', ')}.` : 'Leave --host out.',
  )
}

type Outcome = Readonly<{ question: Question; decision: Decision; user: User | undefined }>

function printJson({ question, decision }: Outcome, { terminal }: Context): void {
  const { name, remoteIp, door, encrypted, place, host, proven, at } = question
  const asked = { name, remoteIp, door, encrypted, listener: place.name, host, proven, at }
  terminal.out(JSON.stringify({ ...asked, ...decision }, null, 2))
}

function printText({ question, decision, user }: Outcome, { terminal }: Context): void {
  const { name, remoteIp, door, host, proven, at } = question
  const listener = `listener ${question.place.name}`
  const place = host === undefined ? listener : `host ${host} of ${listener}`
  const verdict = decision.allow ? terminal.paint('green', 'ALLOW') : terminal.paint('red', 'DENY')
  const reason = decision.allow ? '' : `: ${decision.reason}`
  terminal.out(`${verdict}  ${name} from ${remoteIp} by ${door} on ${place} at ${formatTime(at)}${reason}`)
  terminal.out('')
  const rows = decision.trail.map((row) => [row.rule, row.verdict, row.why])
  for (const line of formatTable(['RULE', 'VERDICT', 'WHY'], rows)) terminal.out(line)
  if (proven === undefined && decision.allow && user !== undefined) {
    terminal.out(`\nNext the server asks for the factors: ${formatChains(user.chains)}.`)
  }
}
