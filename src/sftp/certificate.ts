import type { KeyFlaw, ShownCertificate } from '../core/auth/shown-key.ts'
import { criticalOptions, readOptions } from './certificate-options.ts'
import { type BodyReader, createBodyReader, string } from './codec.ts'
import { fingerprintOf, type PlainKey, parseKeyBlob, readKeyFields } from './key-blob.ts'
import { parseSignature, verifyKeySignature } from './key-signature.ts'

const SUFFIX = '-cert-v01@openssh.com'
/** Taken from no authority, whatever an exception allows to clients. */
const SHA1 = 'ssh-rsa'
const USER_CERTIFICATE = 1
const MAX_PRINCIPALS = 256
/** The last second that a Date can hold; later ones mean for ever. */
const LAST_SECOND = 8_640_000_000_000n

/** The name of the key, or of its signatures, that a certificate's name stands for; undefined when it is none. */
export function plainNameOf(name: string): string | undefined {
  if (!name.endsWith(SUFFIX)) return undefined
  const plain = name.slice(0, -SUFFIX.length)
  return plain.startsWith('sk-') ? `${plain}@openssh.com` : plain
}

export type ReadCertificate =
  | Readonly<{ ok: true; key: PlainKey; certificate: ShownCertificate }>
  /** `key` as far as it could be read. */
  | Readonly<{ ok: false; flaw: KeyFlaw; key?: PlainKey; certificate?: ShownCertificate }>

type Parts = Readonly<{
  key: PlainKey
  certificate: Omit<ShownCertificate, 'sourceAddresses' | 'verifyRequired'>
  type: number
  criticals: Buffer
  /** All that the authority signed. */
  signed: Buffer
  authority: Buffer
  signature: Buffer
}>

function uint64(body: BodyReader): bigint {
  return (BigInt(body.uint32()) << 32n) | BigInt(body.uint32())
}

function milliseconds(seconds: bigint): number {
  return seconds > LAST_SECOND ? Number.POSITIVE_INFINITY : Number(seconds) * 1000
}

function plainBlob(kind: string, fields: Buffer): Buffer {
  const name = string(kind)
  const blob = Buffer.alloc(name.size + fields.length)
  name.put(blob, 0)
  blob.set(fields, name.size)
  return blob
}

function readPrincipals(bytes: Buffer): readonly string[] | undefined {
  const body = createBodyReader(bytes)
  const principals: string[] = []
  while (body.remaining > 0) {
    if (principals.length === MAX_PRINCIPALS) return undefined
    principals.push(body.text())
  }
  return principals
}

function readKey(kind: string, blob: Buffer, body: BodyReader): PlainKey | undefined {
  const start = blob.length - body.remaining
  const fields = readKeyFields(kind, body)
  if (fields === undefined) return undefined
  const plain = plainBlob(kind, blob.subarray(start, blob.length - body.remaining))
  return { ...fields, blob: plain, fingerprint: fingerprintOf(plain) }
}

/** PROTOCOL.certkeys, field by field. Throws when it ends too early, or holds text that is none. */
function readParts(blob: Buffer, body: BodyReader): Parts | undefined {
  const kind = plainNameOf(body.string().toString('latin1'))
  body.string() // nonce
  const key = kind === undefined ? undefined : readKey(kind, blob, body)
  if (key === undefined) return undefined
  const serial = uint64(body)
  const type = body.uint32()
  const keyId = body.string().toString('utf8')
  const principals = readPrincipals(body.string())
  const [validFrom, validUntil] = [milliseconds(uint64(body)), milliseconds(uint64(body))]
  const criticals = body.string()
  readOptions(body.string())
  body.string() // reserved
  const authority = body.string()
  const signed = blob.subarray(0, blob.length - body.remaining)
  const signature = body.string()
  if (body.remaining > 0 || principals === undefined) return undefined
  const certificate = {
    authority: fingerprintOf(authority),
    authorityBlob: authority,
    keyId,
    serial,
    principals,
    validFrom,
    validUntil,
  }
  return { key, certificate, type, criticals, signed, authority, signature }
}

/**
 * Reads a certificate and verifies its authority's signature, but not whether anybody trusts that authority. Costs the
 * same whoever asks. Never throws.
 */
export function readCertificate(blob: Buffer, minRsaBits: number): ReadCertificate {
  try {
    const parts = readParts(blob, createBodyReader(blob))
    return parts === undefined ? { ok: false, flaw: 'certificate-malformed' } : judge(parts, minRsaBits)
  } catch {
    return { ok: false, flaw: 'certificate-malformed' }
  }
}

function judge(parts: Parts, minRsaBits: number): ReadCertificate {
  const { key, type } = parts
  const options = criticalOptions(parts.criticals)
  const certificate = {
    ...parts.certificate,
    ...(options ?? { sourceAddresses: undefined, verifyRequired: false }),
  }
  const flawed = (flaw: KeyFlaw): ReadCertificate => ({ ok: false, flaw, key, certificate })
  if (options === undefined || type !== USER_CERTIFICATE) return flawed('certificate-unsupported')
  const authority = parseKeyBlob(parts.authority)
  const signature = parseSignature(parts.signature)
  if (authority === undefined || (authority.rsaBits ?? minRsaBits) < minRsaBits || signature?.name === SHA1) {
    return flawed('certificate-unsupported')
  }
  const { good } = verifyKeySignature(authority, parts.signed, signature)
  return good ? { ok: true, key, certificate } : flawed('certificate-forged')
}
