import type { UserId } from '../identity.ts'
import type { Clock, ForeignHash } from '../ports.ts'
import {
  type Argon2Cost,
  decoyArgon2,
  hashArgon2,
  isArgon2,
  needsArgon2Rehash,
  verifyArgon2,
} from './argon2.ts'
import { createFairQueue, type FairQueueSettings } from './fair-queue.ts'
import { createVerifierCache } from './verifier-cache.ts'

export type PasswordSettings = Readonly<{
  argon2: Argon2Cost
  queue: FairQueueSettings
  /** How long a success is remembered; 0 = never. */
  cacheMs: number
}>

/** Whose password: nothing stored (nobody, no password) is checked against a decoy, at the same cost. */
export type PasswordClaim = Readonly<{
  user: UserId | undefined
  stored: string | undefined
  /** Who pays in the queue: the client's network. */
  party: string
}>

/**
 * Hashes and checks passwords, a few at a time. `verify`, `verifyAfresh` and `hash` reject with an error for which
 * `isOverload` is true when too many wait.
 */
export type PasswordHasher = {
  verify(claim: PasswordClaim, secret: string): Promise<boolean>
  /** As `verify`, but never answers from memory: always costs one hash. */
  verifyAfresh(claim: PasswordClaim, secret: string): Promise<boolean>
  /** A new hash at the present cost; gives way to checks. */
  hash(party: string, secret: string): Promise<string>
  /** True for a hash of another family or another cost than new ones get. */
  needsRehash(stored: string): boolean
  /** Drops what is remembered of these users. */
  forget(users: readonly UserId[]): void
}

export function createPasswordHasher(
  settings: PasswordSettings,
  foreign: readonly ForeignHash[],
  clock: Clock,
): PasswordHasher {
  const queue = createFairQueue(settings.queue)
  const cache = createVerifierCache(settings.cacheMs, clock.monotonic)
  const decoy = decoyArgon2(settings.argon2)

  const compare = (stored: string, secret: string): Promise<boolean> => {
    if (isArgon2(stored)) return verifyArgon2(stored, secret)
    const family = foreign.find((candidate) => candidate.matches(stored))
    // A text that no family knows matches nothing and costs what a wrong password costs.
    return family === undefined ? verifyArgon2(decoy, secret) : family.verify(stored, secret)
  }

  const compareClaim = async ({ user, stored }: PasswordClaim, secret: string): Promise<boolean> => {
    const matched = await compare(stored ?? decoy, secret)
    const good = matched && user !== undefined && stored !== undefined
    if (good) cache.add(user, stored, secret)
    return good
  }

  return {
    verify: async (claim, secret) => {
      const { user, stored, party } = claim
      const known = () => user !== undefined && stored !== undefined && cache.has(user, stored, secret)
      // Of logins at once the first pays, also for those that wait already.
      return known() || queue.run(party, async () => known() || compareClaim(claim, secret))
    },
    verifyAfresh: (claim, secret) => queue.run(claim.party, () => compareClaim(claim, secret)),
    hash: (party, secret) => queue.runSpare(party, () => hashArgon2(secret, settings.argon2)),
    needsRehash: (stored) => needsArgon2Rehash(stored, settings.argon2),
    forget: cache.forget,
  }
}
