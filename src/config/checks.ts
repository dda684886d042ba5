import { isIPv4 } from 'node:net'
import type { Path } from '../yaml/problem.ts'
import { type Finding, finding } from './finding.ts'
import { certificatePairs, clientAuthorities, hostNames, legacyUsers } from './listener-checks.ts'
import { passiveOverlap, passiveRanges } from './passive-checks.ts'
import type { Config, SectionName } from './schema.ts'
import { ANY_ADDRESS } from './sections/listeners.ts'

/** What no single key can show. A check runs when the sections it needs are sound in themselves. */
type Check = Readonly<{ needs: readonly SectionName[]; run(config: Config): readonly Finding[] }>

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

/** Whoever listens at the first address listens at the second too: Linux gives `::` IPv4 as well. */
function covers(address: string, other: string): boolean {
  if (address === ANY_ADDRESS || address === '::' || address === other) return true
  return address === '0.0.0.0' && isIPv4(other)
}

function listenerPorts({ listeners }: Config): readonly Finding[] {
  return listeners.flatMap((one, index) => {
    const first = listeners.findIndex(
      (other) =>
        other.port === one.port && (covers(other.address, one.address) || covers(one.address, other.address)),
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
  { needs: ['listeners'], run: certificatePairs },
  { needs: ['listeners'], run: hostNames },
  { needs: ['listeners'], run: clientAuthorities },
  { needs: ['listeners'], run: legacyUsers },
  { needs: ['ftp', 'listeners'], run: passiveRanges },
  { needs: ['ftp', 'listeners'], run: passiveOverlap },
  { needs: ['passwords'], run: argonMemory },
  { needs: ['state', 'audit', 'log', 'users', 'tls', 'keys'], run: oneFileEach },
]
