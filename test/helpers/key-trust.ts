import type { KeyTrust } from '../../src/core/auth/key-rules.ts'

/** No listener has authorities or revocation lists. */
export const NO_TRUST: KeyTrust = { trusts: () => false, isRevoked: () => false }
