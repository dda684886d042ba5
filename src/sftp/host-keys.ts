import { createPrivateKey, sign } from 'node:crypto'
import { fieldsToBuffer, string } from './codec.ts'
import { fingerprintOf, rsaBitsOf } from './key-blob.ts'
import { ssh2 } from './ssh2.ts'

const RSA_BITS = 3072
/** RFC 8332, section 3. Ed25519 has its hash built in. */
const HASHES: Readonly<Record<string, string>> = { 'rsa-sha2-512': 'sha512', 'rsa-sha2-256': 'sha256' }

export type HostKeyKind = 'ed25519' | 'rsa'

/** A private key in OpenSSH's format and its public line; who calls this writes them to disk. */
export type GeneratedHostKey = Readonly<{ kind: HostKeyKind; privateKey: string; publicKey: string }>

function makePair(kind: HostKeyKind): Promise<GeneratedHostKey> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, keys: { private: string; public: string }): void => {
      if (error) reject(error)
      else resolve({ kind, privateKey: keys.private, publicKey: keys.public })
    }
    if (kind === 'rsa') ssh2.utils.generateKeyPair('rsa', { bits: RSA_BITS }, done)
    else ssh2.utils.generateKeyPair('ed25519', done)
  })
}

/**
 * ssh2 writes an Ed25519 key wrongly when its public part begins with a zero byte, one in 256 does: it drops the byte.
 * Such a key could not be read at the next start, so it is made anew.
 */
export async function generateHostKey(kind: HostKeyKind): Promise<GeneratedHostKey> {
  for (;;) {
    const pair = await makePair(kind)
    if (!(ssh2.utils.parseKey(pair.privateKey) instanceof Error)) return pair
  }
}

export type HostKey = Readonly<{
  algorithm: string
  /** `SHA256:` and unpadded base64, for the operator to hand to partners. */
  fingerprint: string
  pem: string
  /** The public key as it goes over the wire (RFC 4253, section 6.6). */
  blob: Buffer
  /** The signature as it goes over the wire; `signature` is one of the key's names in `SIGNATURES`. */
  sign(data: Buffer, signature: string): Buffer
}>

/**
 * Reads a private host key. The error's message is for the operator and says what to do; it carries nothing of the
 * key. `name` is what the operator calls it, a file's name.
 */
export function parseHostKey(name: string, text: string): HostKey {
  const parsed: unknown = ssh2.utils.parseKey(text)
  const key: unknown = Array.isArray(parsed) ? parsed[0] : parsed
  if (key instanceof Error) throw new Error(`${name}: ${explain(key.message)}`)
  if (!isPrivateKey(key)) throw new Error(`${name}: this is a public key; the private one is needed`)
  const blob = key.getPublicSSH()
  if (key.type === 'ssh-rsa' && rsaBitsOf(blob) < RSA_BITS) {
    throw new Error(`${name}: RSA host keys need ${RSA_BITS} bits or more; make a new one`)
  }
  if (key.type !== 'ssh-rsa' && key.type !== 'ssh-ed25519') {
    throw new Error(`${name}: ${key.type} is not offered; use an Ed25519 or RSA key`)
  }
  const secret = createPrivateKey(key.getPrivatePEM())
  return {
    algorithm: key.type,
    fingerprint: fingerprintOf(blob),
    pem: text,
    blob,
    sign: (data, signature) =>
      fieldsToBuffer(string(signature), string(sign(HASHES[signature] ?? null, data, secret))),
  }
}

const SIGNATURES: Readonly<Record<string, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
}

/** The signatures of `wanted` that the keys can make, in the order of the keys. */
export function offeredSignatures(keys: readonly HostKey[], wanted: readonly string[]): readonly string[] {
  const able = new Set(keys.flatMap(({ algorithm }) => SIGNATURES[algorithm] ?? []))
  return [...able].filter((name) => wanted.includes(name))
}

function explain(reason: string): string {
  if (/passphrase|encrypted/i.test(reason))
    return 'the key is encrypted; remove its passphrase with ssh-keygen -p'
  return 'not a private key in OpenSSH or PEM format; make one with ssh-keygen -t ed25519'
}

type PrivateKey = { type: string; getPublicSSH(): Buffer; getPrivatePEM(): string }

function isPrivateKey(key: unknown): key is PrivateKey {
  if (typeof key !== 'object' || key === null) return false
  if (!('isPrivateKey' in key) || typeof key.isPrivateKey !== 'function') return false
  return key.isPrivateKey() === true
}
