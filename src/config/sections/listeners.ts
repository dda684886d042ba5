import { isIP } from 'node:net'
import { z } from 'zod'
import { TLS_REUSE } from '../../core/identity.ts'
import { groupOf, isGroupName } from '../../core/policy/groups.ts'
import { filePath } from '../../yaml/fields.ts'
import { flag, MAX_PORT } from '../fields.ts'
import { ALGORITHM_PROFILES, algorithmException } from './algorithms.ts'
import { dated, exceptedNetworks } from './dated.ts'
import { ownPassiveAddress, ownPassiveNetworks } from './passive.ts'

/** Stands for every address of the machine, IPv4 and IPv6 alike. */
export const ANY_ADDRESS = '*'

function greeting() {
  return z.string().refine((text) => text.length <= 500 && !/\p{Cc}/u.test(text), {
    error: 'expected one line of at most 500 characters, none of them a control character',
  })
}

function optionalPath(description: string) {
  return filePath(description).nullable().default(null).describe(description)
}

function isUserOrGroup(text: string): boolean {
  const group = groupOf(text)
  return group === undefined || isGroupName(group)
}

const userOrGroup = z
  .string()
  .refine(isUserOrGroup, { error: 'expected the name of a user, or @ and the name of a group' })

function userNames(description: string) {
  return z.array(userOrGroup).default([]).describe(description)
}

const common = {
  name: z
    .string()
    .refine((text) => /^[a-z][a-z0-9-]{0,31}$/.test(text), {
      error: 'expected 1 to 32 lower-case letters, digits and dashes, a letter first',
    })
    .describe('Its name in logs, in the audit and in overrides; unique.'),
}

const network = {
  address: z
    .string()
    .refine((text) => text === ANY_ADDRESS || isIP(text) !== 0, {
      error: `expected an IPv4 or IPv6 address, or ${ANY_ADDRESS} for all`,
    })
    .default(ANY_ADDRESS)
    .describe('The address to listen on; * is every address of the machine, IPv4 and IPv6.'),
  port: z
    .int()
    .min(0)
    .max(MAX_PORT)
    .describe(
      'The port to listen on. 0 lets the system choose a free one. Ports below 1024 need a privilege.',
    ),
}

const shared = {
  bannerFile: optionalPath(
    'A text file in place of banner: several lines, no control characters. Of an ftp listener read again at a reload.',
  ),
  users: userNames(
    'Users who may log in there, by name or, as @partners, by group; empty = any. To others it looks like a wrong password.',
  ),
}

const host = z.strictObject({
  name: z
    .string()
    .refine(
      (text) => /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(text),
      {
        error: 'expected a host name in lower case, such as ftp.example.org',
      },
    )
    .describe('The name that the client asks for, in TLS (SNI) or by the command HOST.'),
  certificateFile: optionalPath("Its certificate and chain, PEM; null = the listener's."),
  keyFile: optionalPath('The key of that certificate.'),
  banner: greeting().nullable().default(null).describe("Its greeting; null = the listener's."),
  bannerFile: optionalPath('A text file in place of that greeting.'),
  users: userNames("Users and @groups who may log in there; empty = the listener's list."),
})

const passivePorts = z
  .strictObject({ from: z.int().min(0).max(MAX_PORT), to: z.int().min(0).max(MAX_PORT) })
  .nullable()
  .default(null)
  .describe('For ftp. A range { from, to } of its own for passive data connections; null = ftp.passivePorts.')

const clientCertificates = {
  clientCertificates: z
    .enum(['off', 'request', 'require'])
    .default('off')
    .describe(
      'For ftp. request: TLS asks for a client certificate, which counts as a factor. require: no handshake without a valid one.',
    ),
  clientCaFile: optionalPath('For ftp. The authorities that sign client certificates, PEM.'),
  crlFile: optionalPath(
    'For ftp. Revoked client certificates: a list (CRL, PEM) of each of those authorities.',
  ),
}

const ftp = z.strictObject({
  ...common,
  door: z.literal('ftp').describe('What is spoken there: ftp (with TLS: FTPS) or sftp.'),
  ...network,
  tls: z
    .enum(['explicit', 'implicit'])
    .default('explicit')
    .describe('For ftp. explicit: the client asks for TLS with AUTH TLS. implicit: TLS from the first byte.'),
  cleartext: flag(
    false,
    'For ftp with explicit TLS. true: users who have a dated exception (sunset) may log in here without TLS.',
  ),
  tlsSessionReuse: z
    .enum(TLS_REUSE)
    .nullable()
    .default(null)
    .describe(
      'For ftp. As ftp.tlsSessionReuse, for this listener; null = that one. A user can have another.',
    ),
  certificateFile: optionalPath('For ftp. Certificate and chain, PEM; null = tls.certificateFile.'),
  keyFile: optionalPath('For ftp. The key of that certificate.'),
  banner: greeting()
    .default('Service ready.')
    .describe(
      'Of ftp the greeting, one line; of sftp a text before the login. It should not name a product.',
    ),
  ...shared,
  welcomeFile: optionalPath(
    'For ftp. A text file whose lines stand before the reply to a login, as of bannerFile.',
  ),
  goodbyeFile: optionalPath('For ftp. A text file in place of the reply to QUIT, as of bannerFile.'),
  anonymous: flag(
    false,
    'For ftp. true: anybody may read as the user anonymous, if there is one. Without TLS only with cleartext: true.',
  ),
  passivePorts,
  passiveAddress: ownPassiveAddress,
  passiveNetworks: ownPassiveNetworks,
  ...clientCertificates,
  legacyTls: z
    .strictObject(dated)
    .nullable()
    .default(null)
    .describe(
      'For ftp. A dated exception { until, owner, reason }: old TLS (1.0, 1.1, CBC) is spoken too, for the users whom the listener names.',
    ),
  openEndedUploads: z
    .array(z.strictObject({ networks: exceptedNetworks, ...dated }))
    .default([])
    .describe(
      'For ftp. Dated exceptions for clients of some networks that end encrypted uploads without close_notify, or in clear close the control connection first: such an upload counts as whole, though a cut one may look the same.',
    ),
  hosts: z
    .array(host)
    .default([])
    .describe('For ftp. Names among which TLS (SNI) and the command HOST choose.'),
})

const sftp = z.strictObject({
  ...common,
  door: z.literal('sftp').describe('What is spoken there: ftp (with TLS: FTPS) or sftp.'),
  ...network,
  banner: z
    .string()
    .refine((text) => text.length <= 2000 && !/[^\P{Cc}\n]/u.test(text), {
      error: 'expected at most 2000 characters without control characters other than line breaks',
    })
    .nullable()
    .default(null)
    .describe('Text shown before the login; null = sftp.banner.'),
  ...shared,
  hostKeys: z
    .array(filePath('Private host key, OpenSSH or PEM format.'))
    .default([])
    .describe('For sftp. Host keys of its own, the preferred first; empty = keys.hostKeys.'),
  algorithms: z
    .enum(ALGORITHM_PROFILES)
    .nullable()
    .default(null)
    .describe('For sftp. modern or compatible; null = sftp.algorithms.'),
  exceptions: z
    .array(algorithmException)
    .default([])
    .describe('For sftp. Dated exceptions for clients of some networks that know weak algorithms only.'),
  userCertificateAuthorities: z
    .array(filePath('Public keys, one a line as in a .pub file.'))
    .default([])
    .describe(
      'For sftp. Files with the keys of authorities whose SSH certificates count for all users; read again at a reload.',
    ),
  revokedKeys: z
    .array(filePath('A list that ssh-keygen -k makes, or text.'))
    .default([])
    .describe(
      'For sftp. Files with SSH keys and certificates that count no more, made by ssh-keygen -k or as text; read again at a reload.',
    ),
})

export const listeners = z
  .array(z.discriminatedUnion('door', [ftp, sftp]))
  .min(1, { error: 'expected at least one listener' })
  .prefault([
    { name: 'ftp', door: 'ftp', address: ANY_ADDRESS, port: 2121, tls: 'explicit' },
    { name: 'ftps', door: 'ftp', address: ANY_ADDRESS, port: 2990, tls: 'implicit' },
    { name: 'sftp', door: 'sftp', address: ANY_ADDRESS, port: 2222 },
  ])
  .describe('Where the server listens: one entry per door and port.')
