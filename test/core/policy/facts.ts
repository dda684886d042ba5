import type { User } from '../../../src/core/identity.ts'
import type { Facts } from '../../../src/core/policy/decide.ts'
import { makeUser } from '../../helpers/memory-users.ts'

export const NOW = new Date('2030-06-15T12:00:00Z')

/** Facts that the policy allows at stage `grant`; give what differs. */
export function goodFacts(changes: Partial<Facts> = {}, user: Partial<User> = {}): Facts {
  return {
    stage: 'grant',
    origin: { door: 'ftps', remoteIp: '192.0.2.1', listener: 'main', encrypted: true },
    addressLockedUntil: 0,
    user: makeUser('alice', user),
    userLockedUntil: 0,
    proven: ['password'],
    ...changes,
  }
}
