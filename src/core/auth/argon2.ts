import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { FileServerError } from '../errors.ts'

/** Cost of one hash. RFC 9106 names: memory in KiB, passes over it, lanes. */
export type Argon2Cost = Readonly<{ memoryKiB: number; passes: number; parallelism: number }>

type ParsedHash = Readonly<{ cost: Argon2Cost; salt: Buffer; tag: Buffer }>

const SALT_BYTES = 16
const TAG_BYTES = 32
/**
 * What a hash may ask for at most: a stored one that asks for more would take the server down at a login, and a new one that
 * does could not be read.
 */
export const MAX_ARGON2: Argon2Cost = { memoryKiB: 1_048_576, passes: 64, parallelism: 16 }

const PHC =
  /^\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,4}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}

function parse(stored: string): ParsedHash | undefined {
  const match = PHC.exec(stored)
  if (match === null) return undefined
  const [, memory, passes, lanes, salt = '', tag = ''] = match
  const cost = { memoryKiB: Number(memory), passes: Number(passes), parallelism: Number(lanes) }
  const sane =
    cost.parallelism >= 1 &&
    cost.parallelism <= MAX_ARGON2.parallelism &&
    cost.memoryKiB >= 8 * cost.parallelism &&
    cost.memoryKiB <= MAX_ARGON2.memoryKiB &&
    cost.passes >= 1 &&
    cost.passes <= MAX_ARGON2.passes
  return sane ? { cost, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') } : undefined
}

function derive(secret: string, salt: Buffer, cost: Argon2Cost, tagLength: number): Promise<Buffer> {
  const parameters = {
    message: Buffer.from(secret, 'utf8'),
    nonce: salt,
    memory: cost.memoryKiB,
    passes: cost.passes,
    parallelism: cost.parallelism,
    tagLength,
  }
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, tag) => {
      if (error === null) resolve(tag)
      else reject(new FileServerError('internal', 'argon2id failed', { cause: error }))
    })
  })
}

/** True when the text is an argon2id hash that `verifyArgon2` can read. */
export function isArgon2(stored: string): boolean {
  return parse(stored) !== undefined
}

/** A new salted hash as a PHC string, `$argon2id$v=19$m=..,t=..,p=..$salt$tag`. */
export async function hashArgon2(secret: string, cost: Argon2Cost): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const tag = await derive(secret, salt, cost, TAG_BYTES)
  const { memoryKiB, passes, parallelism } = cost
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`
}

/** False also for text that is no argon2id hash. */
export async function verifyArgon2(stored: string, secret: string): Promise<boolean> {
  const parsed = parse(stored)
  if (parsed === undefined) return false
  const tag = await derive(secret, parsed.salt, parsed.cost, parsed.tag.length)
  return timingSafeEqual(tag, parsed.tag)
}

/** True unless the stored hash is argon2id with exactly this cost. */
export function needsArgon2Rehash(stored: string, cost: Argon2Cost): boolean {
  const found = parse(stored)?.cost
  return (
    found === undefined ||
    found.memoryKiB !== cost.memoryKiB ||
    found.passes !== cost.passes ||
    found.parallelism !== cost.parallelism
  )
}

/** A hash that no secret matches and that costs a verification the same as a real one. */
export function decoyArgon2(cost: Argon2Cost): string {
  const { memoryKiB, passes, parallelism } = cost
  const [salt, tag] = [base64(randomBytes(SALT_BYTES)), base64(randomBytes(TAG_BYTES))]
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${parallelism}$${salt}$${tag}`
}
