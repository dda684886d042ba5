import { type Finding, finding } from './finding.ts'
import type { Config, ListenerConfig } from './schema.ts'

type FtpListener = Extract<ListenerConfig, { door: 'ftp' }>
type Files = Readonly<{ certificateFile: string | null; keyFile: string | null }>

/** What `check` finds in each ftp listener; paths start at the listener. */
function inEachFtp(
  { listeners }: Config,
  check: (listener: FtpListener) => readonly Finding[],
): readonly Finding[] {
  return listeners.flatMap((one, index) =>
    one.door === 'ftp'
      ? check(one).map((found) => ({ ...found, path: ['listeners', index, ...found.path] }))
      : [],
  )
}

function unpaired({ certificateFile, keyFile }: Files): readonly Finding[] {
  if ((certificateFile === null) === (keyFile === null)) return []
  const [there, missing] =
    certificateFile === null
      ? (['keyFile', 'certificateFile'] as const)
      : (['certificateFile', 'keyFile'] as const)
  return [finding([there], `has no ${missing} beside it`, 'name both files, or neither')]
}

export function certificatePairs(config: Config): readonly Finding[] {
  return inEachFtp(config, (one) => [
    ...unpaired(one),
    ...one.hosts.flatMap((host, index) =>
      unpaired(host).map((found) => ({ ...found, path: ['hosts', index, ...found.path] })),
    ),
  ])
}

export function hostNames(config: Config): readonly Finding[] {
  return inEachFtp(config, ({ hosts }) =>
    hosts.flatMap((one, index) => {
      const first = hosts.findIndex((other) => other.name === one.name)
      return first === index
        ? []
        : [
            finding(
              ['hosts', index, 'name'],
              `the name ${one.name} is taken by hosts[${first}]`,
              'remove one',
            ),
          ]
    }),
  )
}

/** Old TLS protects badly: nobody may come to use it without being named. */
export function legacyUsers(config: Config): readonly Finding[] {
  return inEachFtp(config, ({ legacyTls, users, anonymous }) => [
    ...(legacyTls !== null && users.length === 0
      ? [
          finding(
            ['legacyTls'],
            'everybody could use old TLS here',
            'name in users who needs it, on a listener of their own',
          ),
        ]
      : []),
    ...(legacyTls !== null && anonymous
      ? [finding(['anonymous'], 'a listener with old TLS is for named users only', 'set it to false')]
      : []),
  ])
}

export function clientAuthorities(config: Config): readonly Finding[] {
  return inEachFtp(config, (one) => {
    if (one.clientCertificates !== 'off') {
      const missing = 'nobody says which client certificates are valid'
      const remedy = 'name the authorities in clientCaFile'
      return one.clientCaFile === null ? [finding(['clientCertificates'], missing, remedy)] : []
    }
    // Who names a file believes that somebody looks into it.
    return (['clientCaFile', 'crlFile'] as const)
      .filter((key) => one[key] !== null)
      .map((key) =>
        finding(
          [key],
          'no client is asked for a certificate here',
          'set clientCertificates to request or require, or remove it',
        ),
      )
  })
}
