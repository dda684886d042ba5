import { createHash } from 'node:crypto'
import type { AuthorityCredential } from '../core/identity.ts'
import { endOfOptions, type KeyOptions, NO_OPTIONS, parseKeyOptions } from './key-options.ts'

export type ParsedKey =
  /** `authority`: the key signs certificates, and `key.principals` are the names it may certify. */
  | Readonly<{ ok: true; key: AuthorityCredential; authority: boolean; warnings: readonly string[] }>
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
const SECURITY_KEYS = ['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com']
const KINDS = ['ssh-ed25519', 'ssh-rsa', ...Object.keys(CURVES), ...SECURITY_KEYS]
const MOST_LINE_LENGTH = 65_536
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

function isPoint(curve: readonly [name: string, bytes: number], name: Buffer, point: Buffer): boolean {
  return name.toString('latin1') === curve[0] && point.length === curve[1] && point[0] === 4
}

/** OpenSSH's PROTOCOL.u2f: as the plain key, and behind it the application that the key was made for. */
function securityKeyFlaw(
  kind: string,
  [, first, second, third, ...more]: readonly Buffer[],
): string | undefined {
  const [name, bytes] = ['nistp256', 65] as const
  const application = kind.startsWith('sk-ssh-ed25519') ? second : third
  const fits = kind.startsWith('sk-ssh-ed25519')
    ? first?.length === ED25519_BYTES && third === undefined
    : first !== undefined && second !== undefined && isPoint([name, bytes], first, second)
  return fits && application !== undefined && application.length > 0 && more.length === 0
    ? undefined
    : `this is no ${kind} key`
}

/** Undefined when the key is good; else why not. */
function flaw(kind: string, parts: readonly Buffer[]): string | undefined {
  const [, first, second] = parts
  const curve = CURVES[kind]
  if (SECURITY_KEYS.includes(kind)) return securityKeyFlaw(kind, parts)
  if (first === undefined) return 'the key is cut short'
  if (kind === 'ssh-ed25519') {
    return parts.length === 2 && first.length === ED25519_BYTES ? undefined : 'this is no Ed25519 key'
  }
  if (second === undefined || parts.length !== 3) return 'the key is cut short'
  if (curve !== undefined) {
    return isPoint(curve, first, second) ? undefined : `this is no ${curve[0]} key`
  }
  const size = bits(second)
  if (size < LEAST_RSA_BITS) return `an RSA key of ${size} bits is too weak`
  return size > MOST_RSA_BITS ? `an RSA key of ${size} bits is too large` : undefined
}

type Line = Readonly<{ kind: string; base64: string; comment: string; written: string; options: KeyOptions }>

/** Security keys alone can be asked for a touch; so can those that an authority certifies. */
function misplaced({ kind, options }: Line): ParsedKey | undefined {
  const { touchWaived, verifyRequired } = options.limits
  if (!(touchWaived || verifyRequired) || options.authority || SECURITY_KEYS.includes(kind)) return undefined
  const name = touchWaived ? 'no-touch-required' : 'verify-required'
  return refuse(`the option ${name} is for security keys (sk-...)`, 'remove it')
}

function decode(line: Line): ParsedKey {
  const { kind, base64, comment, options } = line
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
  const wrong = misplaced(line)
  if (wrong !== undefined) return wrong
  const digest = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')
  const size = kind === 'ssh-rsa' ? bits(parts[2] ?? Buffer.alloc(0)) : GOOD_RSA_BITS
  const weak = `an RSA key of ${size} bits should be replaced by a stronger one`
  const warnings = [...(size < GOOD_RSA_BITS ? [weak] : []), ...(options.warning ? [options.warning] : [])]
  const { limits, principals, authority } = options
  const key = { fingerprint: `SHA256:${digest}`, algorithm: kind, comment, options: line.written, limits }
  return { ok: true, key: { ...key, principals }, authority, warnings }
}

function decodeWords(words: string, written: string, options: KeyOptions): ParsedKey {
  const [kind = '', base64 = '', ...comment] = words.split(/[ \t]+/)
  return decode({ kind, base64, comment: comment.join(' '), written, options })
}

/** Reads one line as in a `.pub` file or in `authorized_keys`: maybe options, then kind, base64, comment. */
export function parsePublicKey(text: string): ParsedKey {
  const line = text.trim()
  if (/[\r\n\0]/.test(line)) return refuse('this is more than one line', 'write each key on its own')
  if (/PRIVATE KEY/.test(line)) return refuse('this is a private key', 'use the .pub file beside it')
  if (line.length > MOST_LINE_LENGTH) return refuse('the line is too long', 'copy the line of the .pub file')
  const [first = ''] = line.split(/[ \t]/, 1)
  if (first === 'ssh-dss') return refuse('DSA keys are too weak')
  if (KINDS.includes(first)) return decodeWords(line, '', NO_OPTIONS)
  const end = endOfOptions(line)
  const rest = line.slice(end).trimStart()
  if (
    !KINDS.some((kind) => rest === kind || (/^[ \t]/.test(rest.slice(kind.length)) && rest.startsWith(kind)))
  ) {
    return refuse(
      `this is no SSH public key: a line starts with ${KINDS.join(', ')}, or with options and then one of those`,
      'copy the line of the .pub file',
    )
  }
  const written = line.slice(0, end)
  const parsed = parseKeyOptions(written)
  return parsed.ok ? decodeWords(rest, written, parsed.options) : parsed
}
