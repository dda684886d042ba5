// RFC 5280 section 5.1: of a revocation list Node tells nothing; whose it is and its last day are wanted.

import type { X509Certificate } from 'node:crypto'

const INTEGER = 0x02
const EXPLICIT_VERSION = 0xa0
const UTC_TIME = 0x17
const GENERALIZED_TIME = 0x18

type Element = Readonly<{ tag: number; content: Buffer; rest: Buffer }>

/** The first element of DER that OpenSSL has read before, so it is sound. */
function first(bytes: Buffer): Element {
  const tag = bytes[0] ?? 0
  const short = bytes[1] ?? 0
  const lengthBytes = short < 0x80 ? 0 : short & 0x7f
  const start = 2 + lengthBytes
  const length = lengthBytes === 0 ? short : bytes.readUIntBE(2, lengthBytes)
  return { tag, content: bytes.subarray(start, start + length), rest: bytes.subarray(start + length) }
}

/** Both forms of a time end in seconds and Z there; two digits of a year stand for 1950 to 2049. */
function timeOf({ tag, content }: Element): Date | undefined {
  if (tag !== UTC_TIME && tag !== GENERALIZED_TIME) return undefined
  const text = content.toString('latin1')
  const whole = tag === GENERALIZED_TIME ? text : `${text < '5' ? '20' : '19'}${text}`
  return new Date(whole.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
}

export type RevocationList = Readonly<{
  /** The authority's name as it is encoded. */
  issuer: Buffer
  /** Undefined: it never runs out. */
  end: Date | undefined
}>

function readList(der: Buffer): RevocationList {
  const list = first(first(der).content)
  const version = first(list.content)
  const signature = version.tag === INTEGER ? first(version.rest) : version
  const issuer = first(signature.rest)
  const thisUpdate = first(issuer.rest)
  return { issuer: issuer.content, end: timeOf(first(thisUpdate.rest)) }
}

/** The lists in a PEM text. */
export function revocationLists(pem: string): readonly RevocationList[] {
  const blocks = pem.matchAll(/-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g)
  return [...blocks].map(([, text = '']) => readList(Buffer.from(text, 'base64')))
}

/** When the first of the lists runs out; undefined when none of them ever does. */
export function revocationEnd(lists: readonly RevocationList[]): Date | undefined {
  return lists.flatMap(({ end }) => end ?? []).sort((a, b) => a.getTime() - b.getTime())[0]
}

/** RFC 5280 section 4.1: the name of the certificate's holder as it is encoded. */
export function holderName({ raw }: Pick<X509Certificate, 'raw'>): Buffer {
  const version = first(first(first(raw).content).content)
  const serial = version.tag === EXPLICIT_VERSION ? first(version.rest) : version
  const signature = first(serial.rest)
  const issuer = first(signature.rest)
  const validity = first(issuer.rest)
  return first(validity.rest).content
}
