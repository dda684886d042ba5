import { createHmac, randomBytes } from 'node:crypto'
import type { UserId } from '../identity.ts'

export type VerifierCache = {
  has(user: UserId, stored: string, secret: string): boolean
  add(user: UserId, stored: string, secret: string): void
  forget(users: readonly UserId[]): void
}

const MAX_ENTRIES = 4096

/**
 * Remembers successful verifications for `ttlMs`, so that a client which opens ten connections pays for one hash.
 * Only an HMAC under a key that never leaves this process is kept, of user, stored hash and secret together: a changed
 * hash misses by itself. Failures are never remembered. `ttlMs` 0 switches it off.
 */
export function createVerifierCache(ttlMs: number, monotonic: () => number): VerifierCache {
  const key = randomBytes(32)
  const entries = new Map<string, { user: UserId; expires: number }>()

  const digest = (user: UserId, stored: string, secret: string): string =>
    createHmac('sha256', key)
      .update(JSON.stringify([user, stored, secret]))
      .digest('base64')

  return {
    has: (user, stored, secret) => {
      if (ttlMs === 0) return false
      const id = digest(user, stored, secret)
      const entry = entries.get(id)
      if (entry === undefined) return false
      if (entry.expires > monotonic()) return true
      entries.delete(id)
      return false
    },
    add: (user, stored, secret) => {
      if (ttlMs === 0) return
      const id = digest(user, stored, secret)
      entries.delete(id)
      const [oldest] = entries.keys()
      if (entries.size >= MAX_ENTRIES && oldest !== undefined) entries.delete(oldest)
      entries.set(id, { user, expires: monotonic() + ttlMs })
    },
    forget: (users) => {
      for (const [id, entry] of entries) if (users.includes(entry.user)) entries.delete(id)
    },
  }
}
