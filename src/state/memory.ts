import type { SessionId, UserId } from '../core/identity.ts'
import type { FailureRecord, LockRule, QuotaAccount, QuotaUsage, StateStore } from '../core/ports.ts'

type Failures = Readonly<{ failures: number; since: number; lockedUntil: number }>

function nextFailures(old: Failures | undefined, now: number, rule: LockRule): Failures {
  const over =
    old === undefined || (old.lockedUntil > 0 ? old.lockedUntil <= now : old.since + rule.windowMs <= now)
  const failures = over ? 1 : old.failures + 1
  const since = over ? now : old.since
  if (!over && old.lockedUntil > 0) return { failures, since, lockedUntil: old.lockedUntil }
  return { failures, since, lockedUntil: rule.after > 0 && failures >= rule.after ? now + rule.lockMs : 0 }
}

function addQuota(have: QuotaUsage, delta: QuotaUsage, max: QuotaUsage): QuotaUsage | undefined {
  const sum = { bytes: have.bytes + delta.bytes, files: have.files + delta.files }
  const over = (kind: 'bytes' | 'files'): boolean => delta[kind] > 0 && max[kind] > 0 && sum[kind] > max[kind]
  if (over('bytes') || over('files')) return undefined
  return { bytes: Math.max(0, sum.bytes), files: Math.max(0, sum.files) }
}

/** Truth of one process, gone with it: for tests. Every method is one turn, hence atomic. */
export function createMemoryStateStore(): StateStore {
  const failures = new Map<string, Failures>()
  const steps = new Map<UserId, number>()
  const sessions = new Map<SessionId, UserId>()
  const quotas = new Map<UserId, Readonly<{ folders: string; usage: QuotaUsage }>>()
  const usageOf = ({ user, folders }: QuotaAccount): QuotaUsage | undefined => {
    const known = quotas.get(user)
    return known?.folders === folders ? known.usage : undefined
  }
  const sessionsOf = (user: UserId): number => [...sessions.values()].filter((owner) => owner === user).length

  return {
    recordFailure: async (key, now, rule): Promise<FailureRecord> => {
      const next = nextFailures(failures.get(key), now, rule)
      failures.set(key, next)
      return { failures: next.failures, lockedUntil: next.lockedUntil }
    },
    lockedUntil: async (key, now) => {
      const until = failures.get(key)?.lockedUntil ?? 0
      return until > now ? until : 0
    },
    clearFailures: async (key) => failures.delete(key),
    consumeTotpStep: async (user, step) => {
      if (step <= (steps.get(user) ?? Number.NEGATIVE_INFINITY)) return false
      steps.set(user, step)
      return true
    },
    openSession: async (user, session, max) => {
      if (sessions.has(session) || (max > 0 && sessionsOf(user) >= max)) return false
      sessions.set(session, user)
      return true
    },
    closeSession: async (session) => {
      sessions.delete(session)
    },
    countSessions: async (user) => sessionsOf(user),
    quotaUsage: async (account) => usageOf(account),
    initQuotaUsage: async (account, counted) => {
      const usage = usageOf(account) ?? counted
      quotas.set(account.user, { folders: account.folders, usage })
      return usage
    },
    chargeQuota: async (account, delta, max) => {
      const known = usageOf(account)
      if (known === undefined) return true
      const usage = addQuota(known, delta, max)
      if (usage !== undefined) quotas.set(account.user, { folders: account.folders, usage })
      return usage !== undefined
    },
    settleQuota: async (account, delta) => {
      const known = usageOf(account)
      const usage = known && addQuota(known, delta, { bytes: 0, files: 0 })
      if (usage !== undefined) quotas.set(account.user, { folders: account.folders, usage })
    },
    forgetQuota: async (user) => void quotas.delete(user),
    close: async () => {},
  }
}
