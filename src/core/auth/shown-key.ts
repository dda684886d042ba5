/** Why a key or certificate cannot count, whoever shows it: found by the door, which knows the formats. */
export type KeyFlaw =
  | 'unsupported-key'
  | 'certificate-malformed'
  | 'certificate-unsupported'
  | 'certificate-forged'

/** What an authority says about a key; the door has verified that authority's signature. */
export type ShownCertificate = Readonly<{
  /** Fingerprint of the authority's key. */
  authority: string
  /** The authority's key as it goes over the wire, for revocation lists. */
  authorityBlob: Uint8Array
  /** Free text of the authority. */
  keyId: string
  /** Up to 64 bits. */
  serial: bigint
  principals: readonly string[]
  /** Milliseconds since the epoch; from the first to before the last. */
  validFrom: number
  validUntil: number
  /** CIDR texts, each sound; undefined: from anywhere. */
  sourceAddresses: readonly string[] | undefined
  /** The holder must have been verified by the security key. */
  verifyRequired: boolean
}>

/** A public key of SSH as a client shows it, maybe in a certificate. */
export type ShownKey = Readonly<{
  /** Of the key itself, `SHA256:` and unpadded base64, also when it comes in a certificate. */
  fingerprint: string
  /** The key itself as it goes over the wire, for revocation lists. */
  blob: Uint8Array
  certificate?: ShownCertificate
  flaw?: KeyFlaw
}>

/** What a security key says, inside its signature, about whoever holds it. */
export type Presence = Readonly<{ touched: boolean; verified: boolean }>

/** What the audit keeps of a key. */
export type KeyDetail = Readonly<{ key?: string; authority?: string; keyId?: string; serial?: string }>

/** Characters of a key id that the audit keeps; a client may send thousands. */
const MAX_KEY_ID = 256

export function describeKey({ fingerprint, certificate }: ShownKey): KeyDetail {
  if (certificate === undefined) return { key: fingerprint }
  const { authority, keyId, serial } = certificate
  return { key: fingerprint, authority, keyId: keyId.slice(0, MAX_KEY_ID), serial: serial.toString() }
}
