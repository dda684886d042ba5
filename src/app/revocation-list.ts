// RFC 5280 section 5.1: of a revocation list Node tells nothing, and all that is wanted is its last day.

const INTEGER = 0x02
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

function nextUpdate(der: Buffer): Date | undefined {
  const list = first(first(der).content)
  const version = first(list.content)
  const signature = version.tag === INTEGER ? first(version.rest) : version
  const issuer = first(signature.rest)
  const thisUpdate = first(issuer.rest)
  return timeOf(first(thisUpdate.rest))
}

/** When the first of the lists in a PEM text runs out; undefined when none of them ever does. */
export function revocationEnd(pem: string): Date | undefined {
  const blocks = pem.matchAll(/-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g)
  const ends = [...blocks].flatMap(([, text = '']) => nextUpdate(Buffer.from(text, 'base64')) ?? [])
  return ends.sort((a, b) => a.getTime() - b.getTime())[0]
}
