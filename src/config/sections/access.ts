import { z } from 'zod'
import { MAX_ARGON2 } from '../../core/auth/argon2.ts'
import { cidr } from '../../yaml/fields.ts'
import { DAY_SECONDS, flag, whole } from '../fields.ts'

function lockRule(after: number, subject: string) {
  return z
    .strictObject({
      after: whole(0, 1_000_000, after, `Failures of one ${subject} that lock it; 0 = never.`),
      windowSeconds: whole(1, 30 * DAY_SECONDS, 1800, 'Only failures within this time count together.'),
      lockSeconds: whole(1, 365 * DAY_SECONDS, 1800, 'How long the lock lasts.'),
    })
    .prefault({})
    .describe(`Lockout of one ${subject}.`)
}

const lockout = z
  .strictObject({ user: lockRule(10, 'user'), address: lockRule(30, 'address') })
  .prefault({})
  .describe('When failed logins lock, whatever the door.')

export const login = z
  .strictObject({
    graceSeconds: whole(
      5,
      3600,
      60,
      'Time from connecting to being logged in; then the connection is closed.',
    ),
    failureDelayMs: whole(0, 60_000, 1000, 'A refusal is not sent earlier than this after the attempt.'),
    failureDelayMaxMs: whole(
      0,
      60_000,
      4000,
      'The delay doubles with each refusal on a connection or to an address, up to this.',
    ),
    attemptsPerConnection: whole(
      1,
      100,
      3,
      'Wrong passwords or codes on one connection before it is closed.',
    ),
    lockout,
  })
  .prefault({})
  .describe('What happens before somebody is logged in.')

export const connections = z
  .strictObject({
    max: whole(0, 1_000_000, 2000, 'Connections at once, all doors together; 0 = no limit, here and below.'),
    perAddress: whole(
      0,
      1_000_000,
      100,
      'Connections at once from one address; of IPv6 its /64 counts as one, here and at lockouts.',
    ),
    unauthenticated: whole(0, 1_000_000, 100, 'Connections at once that have not logged in yet.'),
    unauthenticatedPerAddress: whole(0, 1_000_000, 10, 'The same, from one address or /64.'),
  })
  .prefault({})
  .describe('Caps; a connection above one is refused before it costs anything.')

export const access = z
  .strictObject({
    allow: z
      .array(cidr())
      .prefault([])
      .describe('Networks that may connect, as CIDR; empty = any. Asked before any byte is read.'),
    deny: z.array(cidr()).prefault([]).describe('Networks that may not connect; wins over allow.'),
  })
  .prefault({})
  .describe('Which addresses may connect at all. Users can have a list of their own in the users file.')

const argon2 = z
  .strictObject({
    memoryKiB: whole(
      8,
      MAX_ARGON2.memoryKiB,
      19_456,
      'Memory for one password; at least 8 for each lane of parallelism.',
    ),
    passes: whole(1, MAX_ARGON2.passes, 2, 'Passes over the memory.'),
    parallelism: whole(1, MAX_ARGON2.parallelism, 1, 'Lanes.'),
  })
  .prefault({})
  .describe('Cost of an argon2id hash. Older hashes are replaced at the next good login.')

export const passwords = z
  .strictObject({
    argon2,
    concurrent: whole(1, 64, 2, 'Passwords verified at the same time.'),
    queue: whole(
      1,
      100_000,
      256,
      'Logins that may wait for their turn; more are refused like wrong passwords. Have more than connections.unauthenticated.',
    ),
  })
  .prefault({})
  .describe('How passwords are hashed and how many are verified at once.')

export const mfa = z
  .strictObject({
    appendedCode: flag(
      true,
      'A one-time code may be typed at the end of the password, for clients that cannot ask for one.',
    ),
    issuer: z
      .string()
      .refine((text) => /^[^:]{1,64}$/.test(text), { error: 'expected 1 to 64 characters, no colon' })
      .default('Sallyport')
      .describe('The name that authenticator apps show beside the user.'),
    driftSteps: whole(
      0,
      2,
      1,
      "Steps by which a device's clock may be off, either way; a step is usually 30 s.",
    ),
  })
  .prefault({})
  .describe('One-time codes.')
