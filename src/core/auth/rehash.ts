import type { Auditor } from '../audit/auditor.ts'
import { errorCodeOf } from '../errors.ts'
import type { UserId } from '../identity.ts'
import type { UserDirectory } from '../ports.ts'
import type { SamePassword } from './evidence.ts'
import { isOverload } from './fair-queue.ts'
import type { PasswordHasher } from './password.ts'
import type { OutdatedHash } from './prove.ts'

/** Replaces outdated password hashes behind the login that proved the password. Never rejects, never delays a login. */
export type HashUpgrader = {
  start(user: UserId, outdated: OutdatedHash, party: string, audit: Auditor): void
  /** Whether both are the same hash, or one that an upgrade has put in the other's place. */
  isSame: SamePassword
  settled(): Promise<void>
}

export function createHashUpgrader(hasher: PasswordHasher, users: UserDirectory): HashUpgrader {
  // One upgrade per user at a time: a client that opens ten connections at once needs one new hash.
  const running = new Map<UserId, Promise<void>>()
  /** New hashes with the old: a login that is half proven goes on when another one's upgrade comes in between. */
  const replaced = new Map<string, string>()

  const upgrade: (...args: Parameters<HashUpgrader['start']>) => Promise<void> = async (
    user,
    { stored, secret },
    party,
    audit,
  ) => {
    let fresh: string | undefined
    let done = false
    try {
      fresh = await hasher.hash(party, secret)
      replaced.set(fresh, stored)
      done = await users.replacePasswordHash(user, stored, fresh)
      if (done) audit.record({ type: 'login.rehashed' })
    } catch (error) {
      // The next login tries again.
      if (isOverload(error)) return
      const detail = 'The new password hash could not be stored.'
      audit.record({ type: 'session.error', code: errorCodeOf(error), detail })
    } finally {
      if (fresh !== undefined && !done) replaced.delete(fresh)
      running.delete(user)
    }
  }

  return {
    start: (user, outdated, party, audit) => {
      if (!running.has(user)) running.set(user, upgrade(user, outdated, party, audit))
    },
    isSame: (stored, now) => stored === now || replaced.get(now) === stored,
    settled: async () => {
      await Promise.all(running.values())
    },
  }
}
