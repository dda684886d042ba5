import { createHash } from 'node:crypto'
import type { ShownKey } from '../core/auth/shown-key.ts'
import { plainNameOf } from './certificate.ts'
import { parseKeyBlob } from './key-blob.ts'

/** Serial numbers and key ids of certificates that are revoked; of one authority, or of all. */
export type RevokedCertificates = {
  /** Of the authority's key; undefined: whoever signed. */
  authority: string | undefined
  serials: ReadonlySet<bigint>
  ranges: readonly Readonly<{ from: bigint; to: bigint }>[]
  keyIds: ReadonlySet<string>
}

/** What one list revokes. Keys are there as digests, in unpadded base64. */
export type Revocations = Readonly<{
  sha256: ReadonlySet<string>
  sha1: ReadonlySet<string>
  certificates: readonly RevokedCertificates[]
}>

export type ReadRevocations =
  | Readonly<{ ok: true; revocations: Revocations }>
  /** `line` counts from 1; undefined for a binary list. */
  | Readonly<{ ok: false; line: number | undefined; problem: string }>

export function digestOf(hash: 'sha1' | 'sha256', blob: Uint8Array): string {
  return createHash(hash).update(blob).digest('base64').replace(/=+$/, '')
}

function hasKey(list: Revocations, fingerprint: string, blob: Uint8Array): boolean {
  if (list.sha256.has(fingerprint.slice('SHA256:'.length))) return true
  return list.sha1.size > 0 && list.sha1.has(digestOf('sha1', blob))
}

function hasCertificate(
  { authority, serials, ranges, keyIds }: RevokedCertificates,
  shown: ShownKey['certificate'] & object,
): boolean {
  if (authority !== undefined && authority !== shown.authority) return false
  if (keyIds.has(shown.keyId)) return true
  const { serial } = shown
  // PROTOCOL.krl: no number was given to a certificate with 0.
  if (serial === 0n) return false
  return serials.has(serial) || ranges.some(({ from, to }) => serial >= from && serial <= to)
}

/** Whether a list has the key, the key of the authority that certified it, or the certificate. */
export function isRevokedBy(
  lists: readonly Revocations[],
  { fingerprint, blob, certificate }: ShownKey,
): boolean {
  return lists.some((list) => {
    if (hasKey(list, fingerprint, blob)) return true
    if (certificate === undefined) return false
    if (hasKey(list, certificate.authority, certificate.authorityBlob)) return true
    return list.certificates.some((one) => hasCertificate(one, certificate))
  })
}

const SERIAL = /^serial:\s*(\d{1,20})(?:\s*-\s*(\d{1,20}))?$/i
const KEY_ID = /^id:\s*(.+)$/i
const FINGERPRINT = /^(?:hash:\s*)?SHA256:([A-Za-z0-9+/]{43})$/
const KEY = /^(?:(?:key|sha1|sha256):\s*)?([a-z0-9@.-]+)\s+([A-Za-z0-9+/]+={0,2})(?:\s|$)/
const LAST_SERIAL = 2n ** 64n - 1n

type Collected = {
  sha256: Set<string>
  serials: Set<bigint>
  ranges: { from: bigint; to: bigint }[]
  keyIds: Set<string>
}

function readSerials([, first = '', last = first]: RegExpExecArray, into: Collected): boolean {
  const [from, to] = [BigInt(first), BigInt(last)]
  if (from > to || to > LAST_SERIAL) return false
  if (from === to) into.serials.add(from)
  else into.ranges.push({ from, to })
  return true
}

function readKey([, kind = '', base64 = '']: RegExpExecArray, into: Collected): boolean {
  const key = parseKeyBlob(Buffer.from(base64, 'base64'))
  if (key === undefined || plainNameOf(kind) !== undefined || key.kind !== kind) return false
  into.sha256.add(digestOf('sha256', key.blob))
  return true
}

/** False when the line says nothing that is known. */
function readLine(line: string, into: Collected): boolean {
  const serial = SERIAL.exec(line)
  if (serial !== null) return readSerials(serial, into)
  const [, keyId] = KEY_ID.exec(line) ?? []
  if (keyId !== undefined) {
    into.keyIds.add(keyId)
    return true
  }
  const [, fingerprint] = FINGERPRINT.exec(line) ?? []
  if (fingerprint !== undefined) {
    into.sha256.add(fingerprint)
    return true
  }
  const key = KEY.exec(line)
  return key !== null && readKey(key, into)
}

/**
 * Reads a list as text: a public key, a fingerprint, `serial:` or `id:` a line, as ssh-keygen's KRL specifications are
 * written. Every line counts or the list is refused: a key that is passed over would stay good.
 */
export function readRevocationText(text: string): ReadRevocations {
  const into: Collected = { sha256: new Set(), serials: new Set(), ranges: [], keyIds: new Set() }
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    if (!readLine(line, into)) {
      return {
        ok: false,
        line: index + 1,
        problem:
          'neither a public key, a fingerprint (SHA256:...), "serial: 7", "serial: 7-9" nor "id: name"',
      }
    }
  }
  const { sha256, serials, ranges, keyIds } = into
  const certificates = [{ authority: undefined, serials, ranges, keyIds }]
  return { ok: true, revocations: { sha256, sha1: new Set(), certificates } }
}
