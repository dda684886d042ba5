import { createHash } from 'node:crypto'
import ssh2 from 'ssh2'
import { createBodyReader } from './codec.ts'

const RSA = 'ssh-rsa'
const PLAIN_TYPES: ReadonlySet<string> = new Set([
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
])

/** A key that a client shows, as ssh2 hands it over: `algo` of an RSA key is always ssh-rsa, the hash stands beside. */
export type ShownKey = Readonly<{ algo: string; data: Buffer; hashAlgo: string | undefined }>

/** `SHA256:` and unpadded base64, as ssh-keygen -l prints it. */
export function fingerprintOf(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** What a connection takes: names of signatures, as server-sig-algs lists them. */
export type KeyRules = Readonly<{ signatures: readonly string[]; minRsaBits: number }>

/** False for keys and signatures that are not served, and for RSA keys that are too small. */
export function isAcceptableKey(
  { algo, data, hashAlgo }: ShownKey,
  { signatures, minRsaBits }: KeyRules,
): boolean {
  try {
    const body = createBodyReader(data)
    // The name inside the key is the one that counts: a client could say another beside it.
    if (body.string().toString('latin1') !== algo) return false
    if (!signatures.includes(signatureName(algo, hashAlgo))) return false
    return PLAIN_TYPES.has(algo) || (algo === RSA && rsaBits(body) >= minRsaBits)
  } catch {
    return false
  }
}

/** RFC 8332, section 3: the name of an RSA signature has its hash; `ssh-rsa` is the one with SHA-1. */
function signatureName(algo: string, hashAlgo: string | undefined): string {
  return algo === RSA && hashAlgo !== undefined ? `rsa-sha2-${hashAlgo.slice('sha'.length)}` : algo
}

/** Bits of the modulus of an `ssh-rsa` key. Throws for anything else. */
export function rsaBitsOf(blob: Buffer): number {
  const body = createBodyReader(blob)
  body.string()
  return rsaBits(body)
}

/** RFC 4253, section 6.6: exponent, then modulus, as signed numbers. */
function rsaBits(body: { string(): Buffer }): number {
  body.string()
  const modulus = body.string()
  const start = modulus.findIndex((octet) => octet !== 0)
  const first = modulus[start]
  return first === undefined ? 0 : (modulus.length - start) * 8 - Math.clz32(first) + 24
}

/** Whether `signature` over `blob` was made with the key; ssh2 has taken both from the request. */
export function verifySignature({ data, hashAlgo }: ShownKey, blob: Buffer, signature: Buffer): boolean {
  try {
    const key: unknown = ssh2.utils.parseKey(data)
    if (typeof key !== 'object' || key === null || key instanceof Error || !('verify' in key)) return false
    const { verify } = key
    return typeof verify === 'function' && verify.call(key, blob, signature, hashAlgo) === true
  } catch {
    return false
  }
}
