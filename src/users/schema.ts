import { z } from 'zod'
import { isCertificateName } from '../core/auth/client-certificate.ts'
import { ACTIONS, DOORS, FACTORS, TLS_REUSE } from '../core/identity.ts'
import { isGroupName } from '../core/policy/groups.ts'
import { cidr, filePath, instant, oneLine } from '../yaml/fields.ts'
import { type Shape, shapeOf } from '../yaml/shape.ts'

/** Also what `sallyport user add` accepts: no character that a shell, a URL or a path would take as its own. */
const USER_NAME = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/

/** Ready-made permission sets. `upload-only` sees names but reads no content and changes nothing that is there. */
export const PERMISSION_SETS = {
  full: ACTIONS,
  'read-only': ['list', 'read'],
  'upload-only': ['list', 'create', 'mkdir'],
} as const satisfies Record<string, readonly (typeof ACTIONS)[number][]>

export type PermissionSet = keyof typeof PERMISSION_SETS
const SET_NAMES = Object.keys(PERMISSION_SETS) as [PermissionSet, ...PermissionSet[]]

const permissions = z
  .union([z.enum(SET_NAMES), z.array(z.enum(ACTIONS))])
  .describe('full, read-only, upload-only, or a list of actions.')

function count(description: string) {
  return z.int().min(0).default(0).describe(description)
}

/** A lower one would keep a client waiting for so long that it takes the connection for dead. */
const SLOWEST_KIB = 64

function rate(description: string) {
  return z
    .int()
    .min(0)
    .refine((value) => value === 0 || value >= SLOWEST_KIB, {
      error: `expected 0, or a whole number from ${SLOWEST_KIB}`,
    })
    .default(0)
    .describe(description)
}

const totp = z.strictObject({
  secret: z.string().describe('Encrypted; made by `sallyport user totp enrol`.'),
  algorithm: z.enum(['sha1', 'sha256', 'sha512']).default('sha1').describe('What the device hashes with.'),
  digits: z.int().min(6).max(8).default(6).describe('Digits of a code.'),
  periodSeconds: z.int().min(15).max(120).default(30).describe('How long a code is shown.'),
})

const mount = z.strictObject({
  at: z.string().describe("Where it appears in the user's tree, such as /shared."),
  path: filePath('The folder; relative, it starts at files.homes.'),
  permissions: permissions.optional(),
})

const sunset = z.strictObject({
  plaintextUntil: instant('The last day (UTC) on which the user may log in without TLS.'),
  owner: oneLine('Who answers for the exception.'),
  reason: oneLine('Why it is needed.'),
})

const userSchema = z.strictObject({
  password: z
    .string()
    .optional()
    .describe('Hash of the password: argon2id, or taken over $5$, $6$, $2a$, $2b$, $2y$.'),
  keys: z
    .array(z.string())
    .default([])
    .describe(
      'SSH public keys, each a line as in a .pub file or, with options before it, in authorized_keys.',
    ),
  principals: z
    .array(z.string().refine((text) => /^[^\p{Cc},]{1,256}$/u.test(text), { error: 'expected a name' }))
    .default([])
    .describe("Names in SSH certificates that stand for the user; empty = the user's own name."),
  certificates: z
    .array(
      z.string().refine(isCertificateName, {
        error:
          'expected the SHA-256 fingerprint of a certificate, 64 hex digits, or its subject, such as O=Acme, CN=bot',
      }),
    )
    .default([])
    .describe('TLS client certificates, each by its SHA-256 fingerprint or by its subject.'),
  totp: totp.optional().describe('One-time codes.'),
  factors: z
    .array(z.array(z.enum(FACTORS)).min(1, { error: 'expected at least one factor' }))
    .min(1, { error: 'expected at least one chain' })
    .optional()
    .describe(
      'Chains of factors; proving one chain whole logs in. Absent: password alone if there is one, publickey alone if there is a key, each with totp when that is enrolled.',
    ),
  doors: z
    .array(z.enum(DOORS))
    .default(['ftps', 'sftp'])
    .describe('Doors the user may come through. ftp is FTP without TLS and needs a sunset too.'),
  groups: z
    .array(
      z.string().refine(isGroupName, {
        error: 'expected letters, digits, dots, dashes and underscores, a letter or digit first',
      }),
    )
    .default([])
    .describe('Groups the user is in; a listener whose users have @NAME admits who is in the group NAME.'),
  allow: z.array(cidr()).prefault([]).describe('Networks the user may come from; empty = any.'),
  home: filePath('The folder that the user sees as /; relative, it starts at files.homes.')
    .optional()
    .describe(
      "The folder that the user sees as /. Absent: the user's name. Relative, it starts at files.homes.",
    ),
  mounts: z.array(mount).default([]).describe('More folders, each at a place of its own.'),
  permissions: permissions
    .default('full')
    .describe('What the user may do: full, read-only, upload-only, or a list of actions.'),
  anonymous: z
    .boolean()
    .default(false)
    .describe(
      'true: the user anonymous, who proves nothing and may list and read only, on listeners with anonymous: true.',
    ),
  enabled: z.boolean().default(true).describe('false: nobody logs in as this user; nothing is deleted.'),
  expires: instant('The last day (UTC), or the moment, up to which the user may log in.').optional(),
  maxSessions: count('Sessions at once, all doors together; 0 = no limit.'),
  quota: z
    .strictObject({
      bytes: count('Bytes in all files; 0 = no limit.'),
      files: count('Files; 0 = no limit.'),
    })
    .prefault({})
    .describe('What the home may hold.'),
  rate: z
    .strictObject({
      downKiBPerSecond: rate(
        'Downloads of one session, all together, in KiB per second, 64 or more; 0 = no limit.',
      ),
      upKiBPerSecond: rate(
        'Uploads of one session, all together, in KiB per second, 64 or more; 0 = no limit.',
      ),
    })
    .prefault({})
    .describe('How fast files move.'),
  tlsSessionReuse: z
    .enum(TLS_REUSE)
    .optional()
    .describe(
      "Must the user's TLS data connections resume the session of their control connection? Absent: as the listener says.",
    ),
  sunset: sunset
    .optional()
    .describe('A dated exception: until then the user may log in without TLS, on a listener that allows it.'),
})

/** One user as read, before its texts are made into values. */
export type UserRecord = z.output<typeof userSchema>
/** One user as it may be written. */
export type UserInput = z.input<typeof userSchema>

export const usersSchema = z.strictObject({
  users: z
    .record(
      z.string().refine((name) => USER_NAME.test(name), {
        error: 'expected a name of 1 to 64 letters, digits and . _ @ + -, a letter or digit first',
      }),
      userSchema,
    )
    .nullable()
    .default({})
    .describe('The users by name.'),
})

export const usersShape: Shape = shapeOf(usersSchema)
export const userShape: Shape = shapeOf(userSchema)
