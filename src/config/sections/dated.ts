import { z } from 'zod'
import { cidr, instant, oneLine } from '../../yaml/fields.ts'

/** What every exception names, so that none stays for ever. */
export const dated = {
  until: instant('The last day (UTC) on which it holds.'),
  owner: oneLine('Who answers for the exception.'),
  reason: oneLine('Why it is needed.'),
}

export const exceptedNetworks = z
  .array(cidr())
  .min(1, { error: 'expected at least one network' })
  .describe('Addresses of the clients it is for, as CIDR.')
