import type { Factor, Origin, User } from '../identity.ts'
import { completedChain } from '../policy/chains.ts'
import type { Decision } from '../policy/decide.ts'
import { findClaimed } from './claimed-name.ts'
import type { AuthenticatorDeps } from './deps.ts'
import { type Evidence, hasCertificate, provenFactors, type SamePassword } from './evidence.ts'
import type { KeyFacts } from './key-rules.ts'
import type { ClientCertificate } from './login.ts'
import type { OutdatedHash } from './prove.ts'
import { readLocks } from './throttle.ts'

/** What one conversation has gathered since the name was begun. */
export type Attempt = Readonly<{
  name: string
  evidence: readonly Evidence[]
  outdated: OutdatedHash | undefined
}>

export type Assessment = Readonly<{
  /** With the chains alone that the door can complete: maybe none, and then nothing is accepted. */
  user: User | undefined
  proven: readonly Factor[]
  /** A chain is whole; `decision` was then taken at stage `grant`. */
  complete: boolean
  decision: Decision
}>

export type AssessDeps = Pick<AuthenticatorDeps, 'users' | 'state' | 'policy' | 'clock' | 'keyTrust'> &
  Readonly<{
    canProve: ReadonlySet<Factor>
    certificate: ClientCertificate | undefined
    samePassword: SamePassword
  }>

/** A certificate that is not the user's leads no further than none. */
function throughDoor(
  user: User | undefined,
  { canProve, certificate }: Pick<AssessDeps, 'canProve' | 'certificate'>,
): User | undefined {
  if (user === undefined) return undefined
  const shown = certificate !== undefined && hasCertificate(user, certificate)
  const can = (factor: Factor) => canProve.has(factor) || (factor === 'client-cert' && shown)
  return { ...user, chains: user.chains.filter((chain) => chain.every(can)) }
}

/** What the rules about SSH keys ask for at this moment. */
export function keyFactsOf(
  { clock, keyTrust }: Pick<AssessDeps, 'clock' | 'keyTrust'>,
  { listener, remoteIp }: Origin,
): KeyFacts {
  return { listener, remoteIp, now: clock.now(), trust: keyTrust }
}

/** Asks the policy with the user's record and the locks of this moment: nothing is remembered from call to call. */
export async function assess(deps: AssessDeps, origin: Origin, attempt: Attempt): Promise<Assessment> {
  const { users, state, policy, clock } = deps
  const [found, locks] = await Promise.all([
    findClaimed(users, attempt.name),
    readLocks(state, attempt.name, origin.remoteIp, clock.now()),
  ])
  const user = throughDoor(found, deps)
  const facts = { ...keyFactsOf(deps, origin), samePassword: deps.samePassword }
  const proven = provenFactors(user, attempt.evidence, facts)
  const complete = user !== undefined && (user.anonymous || completedChain(user.chains, proven) !== undefined)
  const stage = complete ? 'grant' : 'identify'
  const decision = policy.decide({ stage, origin, user, proven, ...locks }, new Date(clock.now()))
  return { user, proven, complete, decision }
}
