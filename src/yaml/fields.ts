import { z } from 'zod'
import { parseCidr } from '../core/net.ts'
import { parseInstant } from './dates.ts'

const EXPECTED = 'expected an address or a network such as 192.0.2.0/24 or 2001:db8::/32'

/** Canonical CIDR text, or undefined. A bare address is a network of one. */
function cidrText(text: string): string | undefined {
  const parsed = parseCidr(text)
  return parsed.ok ? `${parsed.cidr.address}/${parsed.cidr.prefix}` : undefined
}

/** A network written as CIDR; a bare address is a network of one. */
export function cidr() {
  return z
    .string()
    .refine((text) => cidrText(text) !== undefined, { error: EXPECTED })
    .transform((text) => cidrText(text) ?? text)
}

/** A path in the filesystem. The format tells the loader to make it absolute. */
export function filePath(description: string) {
  return z
    .string()
    .refine((text) => text !== '' && !text.includes('\0'), { error: 'expected the path of a file or folder' })
    .meta({ description, format: 'path' })
}

/** A date counts whole: it gives the last millisecond of that day, in UTC. */
export function instant(description: string) {
  return z
    .string()
    .refine((text) => parseInstant(text) !== undefined, {
      error: 'expected a date such as 2030-12-31, or a time such as 2030-12-31T18:00:00Z',
    })
    .describe(description)
}

export function oneLine(description: string) {
  return z
    .string()
    .refine((text) => text.trim() !== '' && !/\p{Cc}/u.test(text), { error: 'expected one line of text' })
    .describe(description)
}
