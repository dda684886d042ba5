import { isIPv6 } from 'node:net'

/** Text of an address as sockets give it, made comparable: IPv4 inside IPv6 is IPv4, no zone, lower case. */
export function comparableAddress(address: string): string {
  const lower = address.toLowerCase()
  if (lower.startsWith('::ffff:') && lower.includes('.')) return lower.slice('::ffff:'.length)
  const bare = lower.replace(/%.*$/, '')
  // The URL parser is the shortest IPv6 normaliser at hand.
  return isIPv6(bare) ? new URL(`ftp://[${bare}]`).hostname.slice(1, -1) : bare
}
