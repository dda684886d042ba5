import { isIPv6 } from 'node:net'

/** RFC 3986 section 3.2.2: brackets, or nobody could tell where an IPv6 address ends. */
export function placeOf({ address, port }: Readonly<{ address: string; port: number }>): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${port}`
}
