import type { ShownKey } from '../core/auth/shown-key.ts'
import type { ExceptionName } from './algorithms.ts'
import { plainNameOf, readCertificate } from './certificate.ts'
import { fingerprintOf, type PlainKey, parseKeyBlob } from './key-blob.ts'
import {
  kindOfSignature,
  parseSignature,
  type Signature,
  strippedSignature,
  type Verdict,
  verifyKeySignature,
} from './key-signature.ts'

/** A key that a client shows, as ssh2 hands it over: `algo` of an RSA key is always ssh-rsa, the hash stands beside. */
export type OfferedKey = Readonly<{ algo: string; data: Buffer; hashAlgo: string | undefined }>

export type KeyRules = Readonly<{
  /** Names of the signatures that are taken, as server-sig-algs lists them. */
  signatures: readonly string[]
  /** RSA keys with a smaller modulus are not taken, nor certificates of such authorities. */
  minRsaBits: number
}>

export type ExaminedKey = Readonly<{
  shown: ShownKey
  /** Whether `signature` over `data` is one of this key; ssh2 has taken both from the request. Never throws. */
  verify(data: Buffer, signature: Buffer): Verdict
}>

const SHORT_RSA: ExceptionName = 'rsa-2048'

/** The name of the public key algorithm that the client said. */
function algorithmOf({ algo, hashAlgo }: OfferedKey): string {
  return hashAlgo === undefined ? algo : `rsa-sha2-${hashAlgo.slice('sha'.length)}`
}

function examined(
  key: PlainKey,
  shown: ShownKey,
  name: string,
  signatureOf: (bytes: Buffer) => Signature | undefined,
): ExaminedKey {
  return {
    shown,
    verify(data, bytes) {
      const signature = signatureOf(bytes)
      // A client must sign as it said.
      if (signature?.name !== name) return { good: false }
      return verifyKeySignature(key, data, signature)
    },
  }
}

function flawed(data: Buffer, flaw: ShownKey['flaw'] & string, shown?: Partial<ShownKey>): ExaminedKey {
  return {
    shown: { fingerprint: fingerprintOf(data), blob: data, ...shown, flaw },
    verify: () => ({ good: false }),
  }
}

/** By which exceptions alone a key is taken: the name of the signature, or that for short RSA keys. */
export function exceptionsFor(offered: OfferedKey, rules: KeyRules, usual: KeyRules): readonly string[] {
  const refusedWith = (some: Partial<KeyRules>): boolean =>
    examineKey(offered, { ...rules, ...some }).shown.flaw !== undefined
  return [
    ...(refusedWith({ signatures: usual.signatures }) ? [algorithmOf(offered)] : []),
    ...(refusedWith({ minRsaBits: usual.minRsaBits }) ? [SHORT_RSA] : []),
  ]
}

/** What the core has to know of a key that is shown. Asks nobody, so that it costs the same for every name. Never throws. */
export function examineKey(offered: OfferedKey, rules: KeyRules): ExaminedKey {
  const data = Buffer.isBuffer(offered.data) ? offered.data : Buffer.alloc(0)
  const algorithm = String(algorithmOf(offered))
  const certified = plainNameOf(algorithm)
  const name = certified ?? algorithm
  const read = certified === undefined ? undefined : readCertificate(data, rules.minRsaBits)
  if (read?.ok === false) {
    const { key, certificate, flaw } = read
    return flawed(data, flaw, {
      ...(key !== undefined && { fingerprint: key.fingerprint, blob: key.blob }),
      ...(certificate !== undefined && { certificate }),
    })
  }
  const key = read === undefined ? parseKeyBlob(data) : read.key
  const usable =
    rules.signatures.includes(name) &&
    // The name inside the key is the one that counts: a client could say another beside it.
    key?.kind === kindOfSignature(name) &&
    (key?.rsaBits ?? rules.minRsaBits) >= rules.minRsaBits
  if (key === undefined || !usable) return flawed(data, 'unsupported-key')
  const shown = { fingerprint: key.fingerprint, blob: key.blob }
  return read === undefined
    ? examined(key, shown, name, (bytes) => strippedSignature(name, bytes))
    : examined(key, { ...shown, certificate: read.certificate }, name, parseSignature)
}
