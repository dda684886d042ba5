import { timingSafeEqual } from 'node:crypto'
import { verify as verifyBcrypt } from '@node-rs/bcrypt'
import type { ForeignHash } from '../core/ports.ts'
import { isBcrypt, isShaCrypt, passwordFlaw } from './password-format.ts'
import { MAX_KEY_BYTES, parseShaCrypt, shaCryptDigest } from './sha-crypt.ts'

async function verifyShaCrypt(stored: string, secret: string): Promise<boolean> {
  const parsed = parseShaCrypt(stored)
  if (parsed === undefined) return false
  const digest = await shaCryptDigest(parsed, secret)
  // Asked after the work, so that a secret that is too long costs what any wrong one costs.
  if (Buffer.byteLength(secret) > MAX_KEY_BYTES) return false
  return timingSafeEqual(Buffer.from(digest), Buffer.from(parsed.digest))
}

/** A text that costs more than we allow matches nothing, even if it was never loaded from a file that was checked. */
function bounded(verify: (stored: string, secret: string) => Promise<boolean>): ForeignHash['verify'] {
  return async (stored, secret) => passwordFlaw(stored) === undefined && verify(stored, secret)
}

/** Hashes taken over from shadow files and other servers: `$5$`, `$6$`, and bcrypt's `$2a$`, `$2b$`, `$2y$`. */
export function foreignHashes(): readonly ForeignHash[] {
  return [
    { matches: isShaCrypt, verify: bounded(verifyShaCrypt) },
    { matches: isBcrypt, verify: bounded((stored, secret) => verifyBcrypt(secret, stored)) },
  ]
}
