import type { Factor, User } from '../identity.ts'

/** One accepted proof. Keys and certificates are kept by fingerprint, so that a reload which removes one counts. */
export type Evidence =
  | Readonly<{ factor: 'password' }>
  | Readonly<{ factor: 'totp'; step: number }>
  | Readonly<{ factor: 'publickey' | 'client-cert'; fingerprint: string }>

/** Whether the user's record of this moment still has what was proven. */
export function stillHolds(user: User, evidence: Evidence): boolean {
  const { passwordHash, totp } = user.credentials
  switch (evidence.factor) {
    case 'password':
      return passwordHash !== undefined
    case 'totp':
      return totp !== undefined
    case 'publickey':
    case 'client-cert':
      return hasFingerprint(user, evidence.factor, evidence.fingerprint)
  }
}

export function hasFingerprint(
  user: User,
  factor: 'publickey' | 'client-cert',
  fingerprint: string,
): boolean {
  const { keys, certificates } = user.credentials
  return factor === 'publickey'
    ? keys.some((key) => key.fingerprint === fingerprint)
    : certificates.includes(fingerprint)
}

/** The factors proven to this user, each once, in the order of proof. */
export function provenFactors(user: User | undefined, evidence: readonly Evidence[]): readonly Factor[] {
  if (user === undefined) return []
  return [...new Set(evidence.filter((piece) => stillHolds(user, piece)).map((piece) => piece.factor))]
}
