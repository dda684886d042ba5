import type { Factor, User } from '../../core/identity.ts'

const SECOND_MS = 1000

export function formatChains(chains: readonly (readonly Factor[])[]): string {
  return chains.map((chain) => chain.join('+')).join(', ')
}

/** Whole seconds in UTC, such as 2026-11-21 23:00:00Z. */
export function formatTime(time: Date | number): string {
  const whole = Math.floor(new Date(time).getTime() / SECOND_MS) * SECOND_MS
  return new Date(whole).toISOString().replace('T', ' ').replace('.000Z', 'Z')
}

/** The state that decides whether the user can log in at all, the weightiest first. */
export function statusOf(user: User, lockedUntil: number, now: number): string {
  if (!user.enabled) return 'disabled'
  if (user.expires !== undefined && user.expires.getTime() <= now) return 'expired'
  if (lockedUntil > now) return 'locked'
  return 'active'
}

/** True when at least one chain is a login with one factor only. */
export function hasSingleFactorChain(user: User): boolean {
  return user.chains.some((chain) => new Set(chain).size < 2)
}
