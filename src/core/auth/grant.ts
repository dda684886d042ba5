import { errorCodeOf } from '../errors.ts'
import type { Factor, Origin, User } from '../identity.ts'
import type { Session } from '../sessions.ts'
import type { Attempt } from './assess.ts'
import type { AuthenticatorDeps } from './deps.ts'
import type { Refusal } from './refusal.ts'
import { userKey } from './throttle.ts'

export type Grant = Readonly<{ session: Session }> | Readonly<{ refusal: Refusal }>

/**
 * Turns a login that the policy allows into a session. The code is consumed last, when nothing else can refuse any
 * more, so that a login refused for another reason does not cost the user their code.
 */
export async function grant(
  { state, sessions, files }: AuthenticatorDeps,
  origin: Origin,
  user: User,
  proof: Readonly<{ attempt: Attempt; factors: readonly Factor[] }>,
): Promise<Grant> {
  const { attempt, factors } = proof
  const { id, name, mounts, limits, tlsReuse } = user
  if (sessions.draining) return { refusal: { reason: 'draining' } }
  if (!(await state.openSession(id, origin.session, limits.maxSessions))) {
    return { refusal: { reason: 'too-many-sessions' } }
  }
  try {
    const code = attempt.evidence.find((piece) => piece.factor === 'totp')
    if (code !== undefined && !(await state.consumeTotpStep(id, code.startSeconds))) {
      await state.closeSession(origin.session)
      return { refusal: { reason: 'replayed-code', factor: 'totp' } }
    }
    const own = tlsReuse === undefined ? {} : { tlsReuse }
    const principal = { user: id, name, origin, factors, mounts, limits, ...own }
    const view = await files(principal)
    await state.clearFailures(userKey(name))
    // Last, because from here on closing the session is what gives the place back.
    return { session: sessions.open(principal, view) }
  } catch (error) {
    await state.closeSession(origin.session)
    if (errorCodeOf(error) === 'session.draining') return { refusal: { reason: 'draining' } }
    throw error
  }
}
