import { isIP } from 'node:net'
import { z } from 'zod'

/** `192.0.2.0/24`, `2001:db8::/32`, or one address, which then stands for itself alone. */
export function asCidr(text: string): string | undefined {
  const [address = '', prefix, more] = text.trim().split('/')
  const family = isIP(address)
  if (family === 0 || address.includes('%') || more !== undefined) return undefined
  const bits = family === 4 ? 32 : 128
  if (prefix === undefined) return `${address}/${bits}`
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits ? `${address}/${Number(prefix)}` : undefined
}

/** A network written as CIDR; a bare address is a network of one. */
export function cidr() {
  return z
    .string()
    .refine((text) => asCidr(text) !== undefined, {
      error: 'expected an address or a network such as 192.0.2.0/24 or 2001:db8::/32',
    })
    .transform((text) => asCidr(text) ?? text)
}

/** A path in the filesystem. The format tells the loader to make it absolute. */
export function filePath(description: string) {
  return z
    .string()
    .refine((text) => text !== '' && !text.includes('\0'), { error: 'expected the path of a file or folder' })
    .meta({ description, format: 'path' })
}
