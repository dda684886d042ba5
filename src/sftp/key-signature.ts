import { createHash, verify } from 'node:crypto'
import type { Presence } from '../core/auth/shown-key.ts'
import { createBodyReader } from './codec.ts'
import { coordinateBytes, type PlainKey } from './key-blob.ts'

/** What a signature of that name is made with. */
type Scheme = Readonly<{ kind: string; hash: string | null }>

const SK_ED25519 = 'sk-ssh-ed25519@openssh.com'
const SK_ECDSA = 'sk-ecdsa-sha2-nistp256@openssh.com'

const SCHEMES: Readonly<Record<string, Scheme>> = {
  'ssh-ed25519': { kind: 'ssh-ed25519', hash: null },
  'ecdsa-sha2-nistp256': { kind: 'ecdsa-sha2-nistp256', hash: 'sha256' },
  'ecdsa-sha2-nistp384': { kind: 'ecdsa-sha2-nistp384', hash: 'sha384' },
  'ecdsa-sha2-nistp521': { kind: 'ecdsa-sha2-nistp521', hash: 'sha512' },
  'ssh-rsa': { kind: 'ssh-rsa', hash: 'sha1' },
  'rsa-sha2-256': { kind: 'ssh-rsa', hash: 'sha256' },
  'rsa-sha2-512': { kind: 'ssh-rsa', hash: 'sha512' },
  [SK_ED25519]: { kind: SK_ED25519, hash: null },
  [SK_ECDSA]: { kind: SK_ECDSA, hash: 'sha256' },
}

/** The kind of key that makes signatures of that name; undefined for unknown ones. */
export function kindOfSignature(name: string): string | undefined {
  return Object.hasOwn(SCHEMES, name) ? SCHEMES[name]?.kind : undefined
}

/** A signature without its name. `assertion` is what a security key puts behind it. */
export type Signature = Readonly<{
  name: string
  value: Buffer
  /** How the two numbers of an ECDSA signature are written: two SSH strings, or as ssh2 hands them over. */
  ecdsa: 'ssh' | 'der'
  assertion: Readonly<{ flags: number; counter: Buffer }> | undefined
}>

const FLAGS = { present: 0x01, verified: 0x04 } as const
const ASSERTION_BYTES = 5

/** Reads a signature as RFC 4253, section 6.6, and PROTOCOL.u2f write it. Undefined when it is none. Never throws. */
export function parseSignature(bytes: Buffer): Signature | undefined {
  try {
    const body = createBodyReader(bytes)
    const name = body.string().toString('latin1')
    const value = body.string()
    const rest = body.rest()
    if (!name.startsWith('sk-')) {
      return rest.length === 0 ? { name, value, ecdsa: 'ssh', assertion: undefined } : undefined
    }
    const assertion = assertionOf(rest)
    return assertion === undefined ? undefined : { name, value, ecdsa: 'ssh', assertion }
  } catch {
    return undefined
  }
}

function assertionOf(rest: Buffer): Signature['assertion'] {
  if (rest.length !== ASSERTION_BYTES) return undefined
  return { flags: rest.readUInt8(0), counter: rest.subarray(1) }
}

/** A signature from which ssh2 has taken the name, and in it the length of the value. */
export function strippedSignature(name: string, bytes: Buffer): Signature | undefined {
  if (!name.startsWith('sk-')) return { name, value: bytes, ecdsa: 'der', assertion: undefined }
  const end = Math.max(0, bytes.length - ASSERTION_BYTES)
  const assertion = assertionOf(bytes.subarray(end))
  return assertion && { name, value: bytes.subarray(0, end), ecdsa: 'ssh', assertion }
}

export type Verdict = Readonly<{ good: boolean; presence?: Presence }>

const BAD: Verdict = { good: false }

/** Whether the key made the signature over the data, and what a security key says about its holder. Never throws. */
export function verifyKeySignature(key: PlainKey, data: Buffer, signature: Signature | undefined): Verdict {
  if (signature === undefined || kindOfSignature(signature.name) !== key.kind) return BAD
  try {
    const signed = signedBytes(key, data, signature)
    const value = rawValue(key, signature)
    if (signed === undefined || value === undefined) return BAD
    const dsaEncoding = signature.ecdsa === 'der' ? 'der' : 'ieee-p1363'
    const hash = SCHEMES[signature.name]?.hash ?? null
    if (!verify(hash, signed, { key: key.open(), dsaEncoding }, value)) return BAD
    return { good: true, ...presenceOf(signature) }
  } catch {
    return BAD
  }
}

function presenceOf({ assertion }: Signature): { presence?: Presence } {
  if (assertion === undefined) return {}
  const { flags } = assertion
  return { presence: { touched: (flags & FLAGS.present) !== 0, verified: (flags & FLAGS.verified) !== 0 } }
}

/** PROTOCOL.u2f: a security key signs hashes, and between them what it saw. */
function signedBytes(key: PlainKey, data: Buffer, { assertion }: Signature): Buffer | undefined {
  if (key.application === undefined) return assertion === undefined ? data : undefined
  if (assertion === undefined) return undefined
  const hash = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest()
  return Buffer.concat([hash(key.application), Buffer.from([assertion.flags]), assertion.counter, hash(data)])
}

function rawValue(key: PlainKey, { value, ecdsa }: Signature): Buffer | undefined {
  const bytes = coordinateBytes(key.kind)
  if (bytes !== undefined) return ecdsa === 'der' ? value : fixedNumbers(value, bytes)
  if (key.rsaBits === undefined) return value
  // Some clients leave zeros at the start out.
  const missing = Math.ceil(key.rsaBits / 8) - value.length
  return missing > 0 ? Buffer.concat([Buffer.alloc(missing), value]) : value
}

/** RFC 5656, section 3.1.2: two signed numbers become two of fixed size. */
function fixedNumbers(value: Buffer, size: number): Buffer | undefined {
  const body = createBodyReader(value)
  const numbers = [body.string(), body.string()].map((number) => withoutZeros(number))
  if (body.remaining > 0 || numbers.some((number) => number.length > size)) return undefined
  return Buffer.concat(numbers.flatMap((number) => [Buffer.alloc(size - number.length), number]))
}

function withoutZeros(number: Buffer): Buffer {
  const start = number.findIndex((octet) => octet !== 0)
  return start < 0 ? Buffer.alloc(0) : number.subarray(start)
}
