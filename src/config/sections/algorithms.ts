import { z } from 'zod'
import { dated, exceptedNetworks } from './dated.ts'

/** A test compares these names with those of the SSH door. */
export const ALGORITHM_PROFILES = ['modern', 'compatible'] as const
export const ALGORITHM_EXCEPTIONS = [
  'compatible',
  'ssh-rsa-host-key',
  'ssh-rsa-signature',
  'rsa-2048',
  'dh-group14-sha1',
  'aes-cbc',
  'hmac-sha1',
] as const

export const algorithmException = z.strictObject({
  networks: exceptedNetworks,
  allow: z
    .array(z.enum(ALGORITHM_EXCEPTIONS))
    .min(1, { error: 'expected at least one of the names' })
    .describe('What they may use besides. docs/ssh-algorithms.md says what each name stands for.'),
  ...dated,
})
