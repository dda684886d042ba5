import { type BodyReader, createBodyReader } from './codec.ts'
import { fingerprintOf } from './key-blob.ts'
import { digestOf, type ReadRevocations, type RevokedCertificates } from './revoked-keys.ts'

/** OpenSSH's PROTOCOL.krl: what `ssh-keygen -k` writes. */
const MAGIC = Buffer.from('SSHKRL\n\0', 'latin1')
const VERSION = 1

const SECTION = { certificates: 1, keys: 2, sha1: 3, signature: 4, sha256: 5, extension: 255 } as const
const OF_CERTIFICATES = { serials: 0x20, range: 0x21, bitmap: 0x22, keyIds: 0x23, extension: 0x39 } as const

const DIGEST_BYTES = { sha1: 20, sha256: 32 } as const
/** ssh-keygen writes none larger; more would be a way to fill the memory. */
const MAX_BITMAP_BYTES = 32_768

type Collected = { sha256: Set<string>; sha1: Set<string>; certificates: RevokedCertificates[] }
type CollectedCertificates = {
  serials: Set<bigint>
  ranges: { from: bigint; to: bigint }[]
  keyIds: Set<string>
}

/** The list is of a kind that this cannot read whole; passing over a part would keep keys good. */
class Unreadable extends Error {}

export function isKrl(bytes: Buffer): boolean {
  return bytes.subarray(0, MAGIC.length).equals(MAGIC)
}

function uint64(body: BodyReader): bigint {
  return (BigInt(body.uint32()) << 32n) | BigInt(body.uint32())
}

/** Calls `read` until nothing is left. */
function through(bytes: Buffer, read: (body: BodyReader) => unknown): void {
  const body = createBodyReader(bytes)
  while (body.remaining > 0) read(body)
}

function readExtension(bytes: Buffer): void {
  const body = createBodyReader(bytes)
  const name = body.string().toString('latin1')
  if (body.byte() !== 0) throw new Unreadable(`it has an extension that must be known: ${name.slice(0, 64)}`)
}

function readBitmap(bytes: Buffer, into: CollectedCertificates): void {
  const body = createBodyReader(bytes)
  const offset = uint64(body)
  const bitmap = body.string()
  if (bitmap.length > MAX_BITMAP_BYTES) throw new Unreadable('a bitmap of serial numbers is too large')
  // The last byte has the lowest numbers.
  for (const [index, octet] of [...bitmap].reverse().entries()) {
    for (let bit = 0; bit < 8; bit += 1) {
      if ((octet >> bit) & 1) into.serials.add(offset + BigInt(index * 8 + bit))
    }
  }
}

const CERTIFICATE_READERS: Readonly<Record<number, (data: Buffer, into: CollectedCertificates) => void>> = {
  [OF_CERTIFICATES.serials]: (data, into) => through(data, (body) => into.serials.add(uint64(body))),
  [OF_CERTIFICATES.range]: (data, into) =>
    through(data, (body) => into.ranges.push({ from: uint64(body), to: uint64(body) })),
  [OF_CERTIFICATES.bitmap]: readBitmap,
  [OF_CERTIFICATES.keyIds]: (data, into) =>
    through(data, (body) => into.keyIds.add(body.string().toString('utf8'))),
  [OF_CERTIFICATES.extension]: readExtension,
}

function readCertificates(data: Buffer): RevokedCertificates {
  const body = createBodyReader(data)
  const authority = body.string()
  body.string() // reserved
  const into: CollectedCertificates = { serials: new Set(), ranges: [], keyIds: new Set() }
  while (body.remaining > 0) {
    const type = body.byte()
    const read = CERTIFICATE_READERS[type]
    if (read === undefined) throw new Unreadable(`it has certificates revoked in an unknown way (${type})`)
    read(body.string(), into)
  }
  return { authority: authority.length === 0 ? undefined : fingerprintOf(authority), ...into }
}

function readDigests(hash: 'sha1' | 'sha256', data: Buffer, into: Set<string>): void {
  through(data, (body) => {
    const digest = body.string()
    if (digest.length !== DIGEST_BYTES[hash]) throw new Unreadable(`a ${hash} digest has another length`)
    into.add(digest.toString('base64').replace(/=+$/, ''))
  })
}

const SECTION_READERS: Readonly<Record<number, (data: Buffer, into: Collected) => void>> = {
  [SECTION.certificates]: (data, into) => into.certificates.push(readCertificates(data)),
  [SECTION.keys]: (data, into) => through(data, (body) => into.sha256.add(digestOf('sha256', body.string()))),
  [SECTION.sha1]: (data, into) => readDigests('sha1', data, into.sha1),
  [SECTION.sha256]: (data, into) => readDigests('sha256', data, into.sha256),
  [SECTION.extension]: readExtension,
}

function readHeader(body: BodyReader): void {
  for (let at = 0; at < MAGIC.length; at += 1) body.byte()
  const version = body.uint32()
  if (version !== VERSION) throw new Unreadable(`its format is ${version}, and ${VERSION} is known`)
  // Number of the list, date, flags.
  for (let field = 0; field < 3; field += 1) uint64(body)
  body.string() // reserved
  body.string() // comment
}

/** Reads a binary list. Never throws; a list that cannot be read whole is refused. */
export function readKrl(bytes: Buffer): ReadRevocations {
  const into: Collected = { sha256: new Set(), sha1: new Set(), certificates: [] }
  try {
    const body = createBodyReader(bytes)
    readHeader(body)
    while (body.remaining > 0) {
      const type = body.byte()
      // Signatures stand at the end; who may write this file is trusted without them.
      if (type === SECTION.signature) break
      const read = SECTION_READERS[type]
      if (read === undefined) throw new Unreadable(`it has a section of an unknown kind (${type})`)
      read(body.string(), into)
    }
    return { ok: true, revocations: into }
  } catch (error) {
    const problem = error instanceof Unreadable ? error.message : 'it ends too early, or is damaged'
    return { ok: false, line: undefined, problem }
  }
}
