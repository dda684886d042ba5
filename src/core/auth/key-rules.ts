import { matchesPatterns } from '../address-patterns.ts'
import type { KeyLimits, User } from '../identity.ts'
import { createAddressList } from '../net.ts'
import type { DenyReason } from '../policy/decide.ts'
import type { Presence, ShownCertificate, ShownKey } from './shown-key.ts'

/** What a listener trusts, and no longer trusts, beyond the users' own records. */
export type KeyTrust = {
  /** Whether certificates of the authority with this fingerprint count for all users of the listener. */
  trusts(listener: string, authority: string): boolean
  /** Whether the key, its certificate or that one's authority is on a revocation list of the listener. */
  isRevoked(listener: string, shown: ShownKey): boolean
}

export type KeyFacts = Readonly<{
  listener: string
  remoteIp: string
  /** Milliseconds since the epoch. */
  now: number
  trust: KeyTrust
}>

/** An authority that counts for the user, with the names that it may certify for them. */
type Authority = Readonly<{ limits: KeyLimits | undefined; names: readonly string[] }>

/**
 * Undefined when the key counts for the user here and now. `presence` is what a security key said; undefined for other
 * keys, and while nothing is signed yet.
 */
export function keyRefusal(
  user: User,
  shown: ShownKey,
  presence: Presence | undefined,
  facts: KeyFacts,
): DenyReason | undefined {
  if (shown.flaw !== undefined) return shown.flaw
  const { certificate } = shown
  if (certificate !== undefined) return certificateRefusal(user, { shown, certificate, presence }, facts)
  const key = user.credentials.keys.find((one) => one.fingerprint === shown.fingerprint)
  if (key === undefined) return 'unknown-key'
  if (facts.trust.isRevoked(facts.listener, shown)) return 'key-revoked'
  return limitRefusal(key.limits, facts) ?? presenceRefusal(presence, key.limits, false)
}

type Shown = Readonly<{ shown: ShownKey; certificate: ShownCertificate; presence: Presence | undefined }>

function certificateRefusal(user: User, shown: Shown, facts: KeyFacts): DenyReason | undefined {
  const { certificate } = shown
  const authorities = authoritiesFor(user, certificate.authority, facts)
  if (authorities.length === 0) return 'unknown-authority'
  if (facts.trust.isRevoked(facts.listener, shown.shown)) return 'key-revoked'
  // Written so that an unreadable time refuses.
  if (!(facts.now >= certificate.validFrom)) return 'certificate-not-yet-valid'
  if (!(facts.now < certificate.validUntil)) return 'certificate-expired'
  const { sourceAddresses } = certificate
  if (sourceAddresses !== undefined && !createAddressList(sourceAddresses).has(facts.remoteIp)) {
    return 'address-not-allowed-for-key'
  }
  const refusals = authorities.map((authority) => authorityRefusal(authority, shown, facts))
  return refusals.includes(undefined) ? undefined : refusals[0]
}

/** The user's own line comes first: what it says is what the audit tells. */
function authoritiesFor(user: User, fingerprint: string, facts: KeyFacts): readonly Authority[] {
  const { authorities, principals } = user.credentials
  const names = principals.length > 0 ? principals : [user.name]
  const own = authorities.filter((one) => one.fingerprint === fingerprint)
  const common = facts.trust.trusts(facts.listener, fingerprint) ? [{ limits: undefined, names }] : []
  return [
    ...own.map((one) => ({
      limits: one.limits,
      names: one.principals.length > 0 ? one.principals : names,
    })),
    ...common,
  ]
}

function authorityRefusal(
  { limits, names }: Authority,
  { certificate, presence }: Shown,
  facts: KeyFacts,
): DenyReason | undefined {
  // A certificate without principals is for nobody, not for everybody.
  if (!certificate.principals.some((one) => names.includes(one))) return 'principal-not-allowed'
  return limitRefusal(limits, facts) ?? presenceRefusal(presence, limits, certificate.verifyRequired)
}

function limitRefusal(limits: KeyLimits | undefined, facts: KeyFacts): DenyReason | undefined {
  if (limits === undefined) return undefined
  const { expires, from } = limits
  if (expires !== undefined && !(facts.now < expires.getTime())) return 'key-expired'
  if (from !== undefined && !matchesPatterns(from, facts.remoteIp)) return 'address-not-allowed-for-key'
  return undefined
}

function presenceRefusal(
  presence: Presence | undefined,
  limits: KeyLimits | undefined,
  certificateVerifies: boolean,
): DenyReason | undefined {
  if (presence === undefined) return undefined
  if (!presence.touched && limits?.touchWaived !== true) return 'touch-missing'
  const wanted = certificateVerifies || limits?.verifyRequired === true
  return wanted && !presence.verified ? 'verification-missing' : undefined
}
