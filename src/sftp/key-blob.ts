import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { type BodyReader, createBodyReader } from './codec.ts'

/** A public key as RFC 4253, section 6.6, and OpenSSH's PROTOCOL.u2f write it; not a certificate. */
export type PlainKey = Readonly<{
  /** The name inside the key. */
  kind: string
  blob: Buffer
  /** `SHA256:` and unpadded base64, as ssh-keygen -l prints it. */
  fingerprint: string
  /** Of the modulus; undefined for other kinds. */
  rsaBits: number | undefined
  /** What a security key was made for; undefined for other kinds. */
  application: Buffer | undefined
  /** Throws for numbers that are no key. */
  open(): KeyObject
}>

/** OpenSSL does not verify with a larger modulus. */
const MOST_RSA_BITS = 16_384
const ED25519_BYTES = 32

const CURVES: Readonly<Record<string, Readonly<{ ssh: string; jwk: string; bytes: number }>>> = {
  'ecdsa-sha2-nistp256': { ssh: 'nistp256', jwk: 'P-256', bytes: 32 },
  'ecdsa-sha2-nistp384': { ssh: 'nistp384', jwk: 'P-384', bytes: 48 },
  'ecdsa-sha2-nistp521': { ssh: 'nistp521', jwk: 'P-521', bytes: 66 },
  'sk-ecdsa-sha2-nistp256@openssh.com': { ssh: 'nistp256', jwk: 'P-256', bytes: 32 },
}
const ED25519_KINDS: ReadonlySet<string> = new Set(['ssh-ed25519', 'sk-ssh-ed25519@openssh.com'])

/** Bytes of one coordinate on the curve of that kind of key; undefined for other kinds. */
export function coordinateBytes(kind: string): number | undefined {
  return CURVES[kind]?.bytes
}

/** `SHA256:` and unpadded base64, as ssh-keygen -l prints it. */
export function fingerprintOf(blob: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

function bitsOf(modulus: Buffer): number {
  const start = modulus.findIndex((octet) => octet !== 0)
  return start < 0 ? 0 : (modulus.length - start) * 8 - Math.clz32(modulus[start] ?? 0) + 24
}

/** Bits of the modulus of an `ssh-rsa` key. Throws for anything else. */
export function rsaBitsOf(blob: Buffer): number {
  const body = createBodyReader(blob)
  body.string()
  body.string()
  return bitsOf(body.string())
}

type Fields = Readonly<{ jwk: JsonWebKey; rsaBits?: number }>

function readEdwards(body: BodyReader): Fields | undefined {
  const x = body.string()
  return x.length === ED25519_BYTES
    ? { jwk: { kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url') } }
    : undefined
}

function readPoint(kind: string, body: BodyReader): Fields | undefined {
  const curve = CURVES[kind]
  const name = body.string().toString('latin1')
  const point = body.string()
  // RFC 5656, section 3.1: points are sent uncompressed here, as all implementations do.
  if (name !== curve?.ssh || point.length !== 1 + 2 * curve.bytes || point[0] !== 4) return undefined
  const [x, y] = [point.subarray(1, 1 + curve.bytes), point.subarray(1 + curve.bytes)]
  return { jwk: { kty: 'EC', crv: curve.jwk, x: x.toString('base64url'), y: y.toString('base64url') } }
}

function readRsa(body: BodyReader): Fields | undefined {
  const [e, n] = [body.string(), body.string()]
  const rsaBits = bitsOf(n)
  if (rsaBits > MOST_RSA_BITS || e.length > 8) return undefined
  return { jwk: { kty: 'RSA', e: e.toString('base64url'), n: n.toString('base64url') }, rsaBits }
}

function fieldsOf(kind: string, body: BodyReader): Fields | undefined {
  if (ED25519_KINDS.has(kind)) return readEdwards(body)
  if (CURVES[kind] !== undefined) return readPoint(kind, body)
  return kind === 'ssh-rsa' ? readRsa(body) : undefined
}

/**
 * Reads what stands behind the name in a key, and no further: in a certificate more follows. Undefined when it is no
 * such key; throws protocol.syntax when it ends too early.
 */
export function readKeyFields(
  kind: string,
  body: BodyReader,
): Omit<PlainKey, 'blob' | 'fingerprint'> | undefined {
  const fields = fieldsOf(kind, body)
  if (fields === undefined) return undefined
  const application = kind.startsWith('sk-') ? body.string() : undefined
  const { jwk, rsaBits } = fields
  return { kind, rsaBits, application, open: () => createPublicKey({ key: jwk, format: 'jwk' }) }
}

/** Undefined for everything that is not one whole key of a kind that is known here. Never throws. */
export function parseKeyBlob(blob: Buffer): PlainKey | undefined {
  try {
    const body = createBodyReader(blob)
    const key = readKeyFields(body.string().toString('latin1'), body)
    if (key === undefined || body.remaining > 0) return undefined
    return { ...key, blob, fingerprint: fingerprintOf(blob) }
  } catch {
    return undefined
  }
}
