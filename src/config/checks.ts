import type { Finding } from '../yaml/explain.ts'
import type { Path } from '../yaml/problem.ts'
import type { Config, SectionName } from './schema.ts'
import { ANY_ADDRESS } from './sections/listeners.ts'

/** What no single key can show. A check runs when the sections it needs are sound in themselves. */
type Check = Readonly<{ needs: readonly SectionName[]; run(config: Config): readonly Finding[] }>

function finding(path: Path, message: string, remedy: string): Finding {
  return { path, part: 'value', message, remedy }
}

const FEWEST_PASSIVE_PORTS = 10
const FEWEST_KIB_PER_LANE = 8

function listenerNames({ listeners }: Config): readonly Finding[] {
  return listeners.flatMap((one, index) => {
    const first = listeners.findIndex((other) => other.name === one.name)
    return first === index
      ? []
      : [
          finding(
            ['listeners', index, 'name'],
            `the name ${one.name} is taken by listeners[${first}]`,
            'give each listener its own name',
          ),
        ]
  })
}

function listenerPorts({ listeners }: Config): readonly Finding[] {
  return listeners.flatMap((one, index) => {
    const first = listeners.findIndex(
      (other) =>
        other.port === one.port &&
        (other.address === one.address || other.address === ANY_ADDRESS || one.address === ANY_ADDRESS),
    )
    return one.port === 0 || first === index
      ? []
      : [
          finding(
            ['listeners', index, 'port'],
            `port ${one.port} is taken by listener ${listeners[first]?.name}`,
            'choose another port or address',
          ),
        ]
  })
}

function cleartextNeedsExplicit({ listeners }: Config): readonly Finding[] {
  return listeners.flatMap((one, index) =>
    one.door === 'ftp' && one.cleartext && one.tls === 'implicit'
      ? [
          finding(
            ['listeners', index, 'cleartext'],
            'a listener with implicit TLS is never in clear',
            'set tls: explicit, or cleartext: false',
          ),
        ]
      : [],
  )
}

function passiveRange({ ftp }: Config): readonly Finding[] {
  const { from, to } = ftp.passivePorts
  if (from === 0 && to === 0) return []
  const path = ['ftp', 'passivePorts', 'to']
  if (from === 0 || to === 0)
    return [finding(path, 'only one end of the range is 0', 'set both ends, or both to 0')]
  if (to < from) return [finding(path, `the range ends (${to}) before it starts (${from})`, 'swap the ends')]
  const size = to - from + 1
  return size < FEWEST_PASSIVE_PORTS
    ? [
        finding(
          path,
          `a range of ${size} is too small: each transfer under way takes one port`,
          `have ${FEWEST_PASSIVE_PORTS} ports or more`,
        ),
      ]
    : []
}

function passiveOverlap({ ftp, listeners }: Config): readonly Finding[] {
  const { from, to } = ftp.passivePorts
  return listeners.flatMap((one, index) =>
    one.port !== 0 && one.port >= from && one.port <= to
      ? [
          finding(
            ['listeners', index, 'port'],
            `port ${one.port} lies in the passive range ${from} to ${to}`,
            'move the listener or ftp.passivePorts',
          ),
        ]
      : [],
  )
}

function argonMemory({ passwords }: Config): readonly Finding[] {
  const { memoryKiB, parallelism } = passwords.argon2
  const least = parallelism * FEWEST_KIB_PER_LANE
  return memoryKiB >= least
    ? []
    : [
        finding(
          ['passwords', 'argon2', 'memoryKiB'],
          `${memoryKiB} KiB is too little for ${parallelism} lanes`,
          `have ${least} or more`,
        ),
      ]
}

function oneFileEach({ state, audit, log, users, tls, keys }: Config): readonly Finding[] {
  const uses: (readonly [Path, string | null])[] = [
    [['users', 'file'], users.file],
    [['users', 'secretsKeyFile'], users.secretsKeyFile],
    [['state', 'file'], state.file],
    [['audit', 'file'], audit.file],
    [['log', 'file'], log.file],
    [['tls', 'keyFile'], tls.keyFile],
    ...keys.hostKeys.map((file, index) => [['keys', 'hostKeys', index], file] as const),
  ]
  return uses.flatMap(([path, file], index) => {
    const first = uses.findIndex(([, other]) => other === file)
    return file === null || first === index
      ? []
      : [finding(path, `${file} is already used by ${uses[first]?.[0].join('.')}`, 'give each its own file')]
  })
}

export const CHECKS: readonly Check[] = [
  { needs: ['listeners'], run: listenerNames },
  { needs: ['listeners'], run: listenerPorts },
  { needs: ['listeners'], run: cleartextNeedsExplicit },
  { needs: ['ftp'], run: passiveRange },
  { needs: ['ftp', 'listeners'], run: passiveOverlap },
  { needs: ['passwords'], run: argonMemory },
  { needs: ['state', 'audit', 'log', 'users', 'tls', 'keys'], run: oneFileEach },
]
