import { createHash } from 'node:crypto'
import type { PublicKeyCredential } from '../core/identity.ts'

export type ParsedKey =
  | Readonly<{ ok: true; key: PublicKeyCredential; warning: string | undefined }>
  | Readonly<{ ok: false; message: string; remedy: string }>

const LEAST_RSA_BITS = 2048
const GOOD_RSA_BITS = 3072
const MOST_RSA_BITS = 16_384
const ED25519_BYTES = 32

/** RFC 5656 section 3.1: curve name, and the bytes of an uncompressed point. */
const CURVES: Readonly<Record<string, readonly [curve: string, pointBytes: number]>> = {
  'ecdsa-sha2-nistp256': ['nistp256', 65],
  'ecdsa-sha2-nistp384': ['nistp384', 97],
  'ecdsa-sha2-nistp521': ['nistp521', 133],
}
const KINDS = ['ssh-ed25519', 'ssh-rsa', ...Object.keys(CURVES)]
const KNOWN_BUT_REFUSED: Readonly<Record<string, string>> = {
  'ssh-dss': 'DSA keys are too weak',
  'sk-ssh-ed25519@openssh.com': 'hardware security keys are not supported',
  'sk-ecdsa-sha2-nistp256@openssh.com': 'hardware security keys are not supported',
}
const MAKE_ONE = 'make one with: ssh-keygen -t ed25519'

function refuse(message: string, remedy: string = MAKE_ONE): ParsedKey {
  return { ok: false, message, remedy }
}

/** RFC 4253 section 6.6: a key is a row of strings, each with its length before it. Undefined when it does not add up. */
function fields(blob: Buffer): readonly Buffer[] | undefined {
  const found: Buffer[] = []
  for (let at = 0; at < blob.length; ) {
    if (at + 4 > blob.length) return undefined
    const length = blob.readUInt32BE(at)
    at += 4
    if (length > blob.length - at) return undefined
    found.push(blob.subarray(at, at + length))
    at += length
  }
  return found
}

function bits(mpint: Buffer): number {
  const start = mpint.findIndex((byte) => byte !== 0)
  return start < 0 ? 0 : (mpint.length - start) * 8 - Math.clz32(mpint[start] ?? 0) + 24
}

/** Undefined when the key is good; else why not. */
function flaw(kind: string, parts: readonly Buffer[]): string | undefined {
  const [, first, second] = parts
  const curve = CURVES[kind]
  if (first === undefined) return 'the key is cut short'
  if (kind === 'ssh-ed25519') {
    return parts.length === 2 && first.length === ED25519_BYTES ? undefined : 'this is no Ed25519 key'
  }
  if (second === undefined || parts.length !== 3) return 'the key is cut short'
  if (curve !== undefined) {
    const fits = first.toString('latin1') === curve[0] && second.length === curve[1] && second[0] === 4
    return fits ? undefined : `this is no ${curve[0]} key`
  }
  const size = bits(second)
  if (size < LEAST_RSA_BITS) return `an RSA key of ${size} bits is too weak`
  return size > MOST_RSA_BITS ? `an RSA key of ${size} bits is too large` : undefined
}

function decode(kind: string, base64: string, comment: string): ParsedKey {
  const blob = Buffer.from(base64, 'base64')
  if (base64 === '' || blob.toString('base64') !== base64) {
    return refuse('the part after the kind of key is not base64', 'copy the whole line of the .pub file')
  }
  const parts = fields(blob)
  if (parts === undefined || parts[0]?.toString('latin1') !== kind) {
    return refuse(`the key does not hold what ${kind} promises`, 'copy the whole line of the .pub file')
  }
  const why = flaw(kind, parts)
  if (why !== undefined) return refuse(why)
  const digest = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')
  const size = kind === 'ssh-rsa' ? bits(parts[2] ?? Buffer.alloc(0)) : GOOD_RSA_BITS
  const warning =
    size < GOOD_RSA_BITS ? `an RSA key of ${size} bits should be replaced by a stronger one` : undefined
  return { ok: true, key: { fingerprint: `SHA256:${digest}`, algorithm: kind, comment }, warning }
}

/** Reads one line as in a `.pub` file: kind, base64, comment. */
export function parsePublicKey(line: string): ParsedKey {
  const [kind = '', base64 = '', ...comment] = line.trim().split(/[ \t]+/)
  if (/[\r\n\0]/.test(line.trim())) return refuse('this is more than one line', 'write each key on its own')
  if (/PRIVATE KEY/.test(line)) return refuse('this is a private key', 'use the .pub file beside it')
  const known = KNOWN_BUT_REFUSED[kind]
  if (known !== undefined) return refuse(known)
  if (KINDS.includes(kind)) return decode(kind, base64, comment.join(' '))
  const later = line.split(/[ \t]+/).some((word) => KINDS.includes(word))
  return later
    ? refuse(
        'options before a key are not supported',
        `start the line with the kind of key, such as ${KINDS[0]}`,
      )
    : refuse(
        `this is no SSH public key: a line starts with ${KINDS.join(', ')}`,
        'copy the line of the .pub file',
      )
}
