import { BlockList, isIP, SocketAddress } from 'node:net'
import { FileServerError } from './errors.ts'

export type AddressFamily = 'ipv4' | 'ipv6'

/** A block of addresses in canonical form; bits below the prefix are ignored. */
export type Cidr = Readonly<{ address: string; prefix: number; family: AddressFamily }>

/** `problem` is a sentence for whoever wrote the text. */
export type ParsedCidr = Readonly<{ ok: true; cidr: Cidr } | { ok: false; problem: string }>

export type AddressList = {
  readonly size: number
  /** `address` in any notation; text that is no address is in no list. */
  has(address: string): boolean
}

const MAPPED = '::ffff:'
const MAPPED_BITS = 96

/**
 * The one text of an address that rules, keys and the audit use: IPv4 dotted; IPv6 shortest form, lower case, without
 * zone. IPv4-mapped IPv6 becomes IPv4. Undefined when `text` is no address.
 */
export function canonicalAddress(text: string): string | undefined {
  const zone = text.indexOf('%')
  const address = zone === -1 ? text : text.slice(0, zone)
  const version = isIP(address)
  if (version === 4) return zone === -1 ? address : undefined
  if (version === 0) return undefined
  const canonical = new SocketAddress({ address: address.toLowerCase(), family: 'ipv6' }).address
  const tail = canonical.startsWith(MAPPED) ? canonical.slice(MAPPED.length) : ''
  return isIP(tail) === 4 ? tail : canonical
}

/** The interface behind a link-local IPv6 address, as the system writes it; undefined for all other addresses. */
export function zoneOf(text: string): string | undefined {
  const at = text.indexOf('%')
  return at === -1 ? undefined : text.slice(at + 1)
}

/** A canonical address as the system wants it. */
export function inZone(address: string, zone: string | undefined): string {
  return zone === undefined ? address : `${address}%${zone}`
}

function addressFamily(canonical: string): AddressFamily {
  return isIP(canonical) === 4 ? 'ipv4' : 'ipv6'
}

/** Reads `192.0.2.0/24`, `2001:db8::/32` or a single address. */
export function parseCidr(text: string): ParsedCidr {
  const [addressText = '', prefixText, ...rest] = text.split('/')
  if (rest.length > 0) return problem(text, 'has more than one "/"')
  const address = canonicalAddress(addressText)
  if (address === undefined || addressText.includes('%')) {
    return problem(text, 'does not start with an IPv4 or IPv6 address')
  }
  const family = addressFamily(address)
  const bits = family === 'ipv4' ? 32 : 128
  if (prefixText === undefined) return { ok: true, cidr: { address, prefix: bits, family } }
  const mapped = family === 'ipv4' && isIP(addressText) === 6
  const written = /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : Number.NaN
  const prefix = mapped ? written - MAPPED_BITS : written
  if (!(prefix >= 0 && prefix <= bits)) {
    const [low, high] = mapped ? [MAPPED_BITS, 128] : [0, bits]
    return problem(text, `needs a whole number from ${low} to ${high} after the "/"`)
  }
  return { ok: true, cidr: { address, prefix, family } }
}

function problem(text: string, what: string): ParsedCidr {
  return { ok: false, problem: `"${text}" ${what}` }
}

/** Throws `internal` with the sentence of the first bad text: the configuration was to be checked before. */
export function createAddressList(texts: readonly string[]): AddressList {
  // One list per family: a single BlockList would let `::/0` match IPv4 addresses as well.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const text of texts) {
    const parsed = parseCidr(text)
    if (!parsed.ok) throw new FileServerError('internal', parsed.problem)
    const { address, prefix, family } = parsed.cidr
    lists[family].addSubnet(address, prefix, family)
  }
  return {
    size: texts.length,
    has: (text) => {
      const address = canonicalAddress(text)
      if (address === undefined) return false
      const family = addressFamily(address)
      return lists[family].check(address, family)
    },
  }
}

/**
 * What one party on the network is counted as: an IPv4 address, or the /64 of an IPv6 address, inside which a single
 * host may pick any number of addresses. Text that is no address stands for itself.
 */
export function networkOf(text: string): string {
  const address = canonicalAddress(text)
  if (address === undefined || addressFamily(address) === 'ipv4') return address ?? text
  const [head = '', tail] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const gap = Array.from({ length: 8 - left.length - right.length }, () => '0')
  const groups = tail === undefined ? left : [...left, ...gap, ...right]
  return `${canonicalAddress(`${groups.slice(0, 4).join(':')}::`)}/64`
}
