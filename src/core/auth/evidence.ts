import type { Factor, User } from '../identity.ts'
import { type KeyFacts, keyRefusal } from './key-rules.ts'
import type { Presence, ShownKey } from './shown-key.ts'

export type CertificateNames = Readonly<{ fingerprint: string; subject: string }>

/** One accepted proof. What it was proven against is kept with it, so that a reload which removes or replaces that counts. */
export type Evidence =
  | Readonly<{ factor: 'password'; stored: string }>
  /** `startSeconds`: when the code's step began, since the epoch. */
  | Readonly<{ factor: 'totp'; secret: Uint8Array; startSeconds: number }>
  | Readonly<{ factor: 'publickey'; shown: ShownKey; presence: Presence | undefined }>
  | Readonly<{ factor: 'client-cert' } & CertificateNames>

/** What the rules about what was proven ask for at this moment. */
export type EvidenceFacts = KeyFacts & Readonly<{ samePassword: SamePassword }>

/** Whether one hash stands in the place of the other, of the same password. */
export type SamePassword = (stored: string, now: string) => boolean

/** Whether the user's record of this moment still has what was proven. */
function stillHolds(user: User, evidence: Evidence, facts: EvidenceFacts): boolean {
  const { passwordHash, totp } = user.credentials
  switch (evidence.factor) {
    case 'password':
      return passwordHash !== undefined && facts.samePassword(evidence.stored, passwordHash)
    case 'totp':
      return totp !== undefined && Buffer.compare(totp.secret, evidence.secret) === 0
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
  facts: EvidenceFacts,
): readonly Factor[] {
  if (user === undefined) return []
  return [...new Set(evidence.filter((piece) => stillHolds(user, piece, facts)).map((piece) => piece.factor))]
}
