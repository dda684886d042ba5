import type { Factor, User } from '../identity.ts'
import { type KeyFacts, keyRefusal } from './key-rules.ts'
import type { Presence, ShownKey } from './shown-key.ts'

export type CertificateNames = Readonly<{ fingerprint: string; subject: string }>

/** One accepted proof. Keys and certificates are kept by their names, so that a reload which removes one counts. */
export type Evidence =
  | Readonly<{ factor: 'password' }>
  | Readonly<{ factor: 'totp'; step: number }>
  | Readonly<{ factor: 'publickey'; shown: ShownKey; presence: Presence | undefined }>
  | Readonly<{ factor: 'client-cert' } & CertificateNames>

/** Whether the user's record of this moment still has what was proven. */
function stillHolds(user: User, evidence: Evidence, facts: KeyFacts): boolean {
  const { passwordHash, totp } = user.credentials
  switch (evidence.factor) {
    case 'password':
      return passwordHash !== undefined
    case 'totp':
      return totp !== undefined
    case 'publickey':
      return keyRefusal(user, evidence.shown, evidence.presence, facts) === undefined
    case 'client-cert':
      return hasCertificate(user, evidence)
  }
}

/** Of TLS, that is; SSH's are in key-rules.ts. */
export function hasCertificate({ credentials }: User, { fingerprint, subject }: CertificateNames): boolean {
  return credentials.certificates.some((name) => name === fingerprint || name === subject)
}

/** The factors proven to this user, each once, in the order of proof. */
export function provenFactors(
  user: User | undefined,
  evidence: readonly Evidence[],
  facts: KeyFacts,
): readonly Factor[] {
  if (user === undefined) return []
  return [...new Set(evidence.filter((piece) => stillHolds(user, piece, facts)).map((piece) => piece.factor))]
}
