import { encodeBase32, otpauthUri, randomTotpSecret } from '../core/auth/otpauth-uri.ts'
import type { TotpCredential } from '../core/identity.ts'

export type Enrolment = Readonly<{
  credential: TotpCredential
  /** The secret as a person types it: Base32. */
  secret: string
  /** What the QR code says. */
  uri: string
}>

/** SHA-1, 6 digits and 30 seconds are what every authenticator app can do; many ignore anything else. */
const PROFILE = { algorithm: 'sha1', digits: 6, periodSeconds: 30 } as const

/** A new random secret for one-time codes; nothing is stored. */
export function createEnrolment(user: string, issuer: string): Enrolment {
  const credential: TotpCredential = { secret: randomTotpSecret(), ...PROFILE }
  return { credential, secret: encodeBase32(credential.secret), uri: otpauthUri(issuer, user, credential) }
}
