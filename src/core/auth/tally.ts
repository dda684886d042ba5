import type { SessionId } from '../identity.ts'
import type { LoginStep } from './login.ts'

/** What one connection has used up, over all its conversations. `final` answers every later call. */
export type Tally = { refusals: number; final: LoginStep | undefined }

/** Connections remembered; far more than can be open at once, so that only closed ones are forgotten. */
const MAX_CONNECTIONS = 65_536

/**
 * Gives each connection its one tally. A connection may open several conversations (FTP: AUTH TLS, REIN), which must
 * not start its attempts anew.
 */
export function createTallies(): (session: SessionId) => Tally {
  const tallies = new Map<SessionId, Tally>()
  return (session) => {
    const known = tallies.get(session)
    if (known !== undefined) return known
    const [oldest] = tallies.keys()
    if (tallies.size >= MAX_CONNECTIONS && oldest !== undefined) tallies.delete(oldest)
    const fresh: Tally = { refusals: 0, final: undefined }
    tallies.set(session, fresh)
    return fresh
  }
}
