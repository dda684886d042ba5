import { isIPv4 } from 'node:net'
import { z } from 'zod'
import { cidr } from '../../yaml/fields.ts'

/** The last label of a name has a letter, so that a mistyped address is not taken for one. */
const HOST_NAME = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9-]*[a-z][a-z0-9-]*$/i

function publicAddress(description: string) {
  return z
    .string()
    .refine((text) => isIPv4(text) || HOST_NAME.test(text), {
      error: 'expected an IPv4 address, a host name, or null',
    })
    .nullable()
    .default(null)
    .describe(description)
}

const network = z.strictObject({
  networks: z
    .array(cidr())
    .min(1, { error: 'expected at least one network' })
    .describe('Where the client comes from, as CIDR.'),
  address: publicAddress('What PASV names to it; null = the address it connected to.'),
})

/** Of the door as a whole. */
export const passiveAddress = publicAddress(
  'The IPv4 address that PASV names, behind NAT, or a host name that is looked up every minute; null = the one the client connected to. EPSV names none.',
)
export const passiveNetworks = z
  .array(network)
  .prefault([])
  .describe(
    'Other addresses for clients of some networks, { networks, address }; the first that fits counts, else passiveAddress.',
  )

/** Of one listener. */
export const ownPassiveAddress = publicAddress(
  'For ftp. The IPv4 address or host name that PASV names; null = ftp.passiveAddress.',
)
export const ownPassiveNetworks = z
  .array(network)
  .nullable()
  .prefault(null)
  .describe('For ftp. A list in place of ftp.passiveNetworks; null = that one.')
