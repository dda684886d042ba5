import type { Factor, Origin, User } from '../identity.ts'
import { completedChain } from '../policy/chains.ts'
import type { Decision } from '../policy/decide.ts'
import type { AuthenticatorDeps } from './deps.ts'
import { type Evidence, provenFactors } from './evidence.ts'
import type { OutdatedHash } from './prove.ts'
import { isPlausibleName, readLocks } from './throttle.ts'

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

export type AssessDeps = Pick<AuthenticatorDeps, 'users' | 'state' | 'policy' | 'clock'> &
  Readonly<{ canProve: ReadonlySet<Factor> }>

function throughDoor(user: User | undefined, canProve: ReadonlySet<Factor>): User | undefined {
  if (user === undefined) return undefined
  return { ...user, chains: user.chains.filter((chain) => chain.every((factor) => canProve.has(factor))) }
}

/** Asks the policy with the user's record and the locks of this moment: nothing is remembered from call to call. */
export async function assess(
  { users, state, policy, clock, canProve }: AssessDeps,
  origin: Origin,
  attempt: Attempt,
): Promise<Assessment> {
  const [found, locks] = await Promise.all([
    isPlausibleName(attempt.name) ? users.find(attempt.name) : undefined,
    readLocks(state, attempt.name, origin.remoteIp, clock.now()),
  ])
  const user = throughDoor(found, canProve)
  const proven = provenFactors(user, attempt.evidence)
  const complete = user !== undefined && completedChain(user.chains, proven) !== undefined
  const stage = complete ? 'grant' : 'identify'
  const decision = policy.decide({ stage, origin, user, proven, ...locks }, new Date(clock.now()))
  return { user, proven, complete, decision }
}
