import { isIP } from 'node:net'
import { z } from 'zod'
import { flag, MAX_PORT } from '../fields.ts'

/** Stands for every address of the machine, IPv4 and IPv6 alike. */
export const ANY_ADDRESS = '*'

const common = {
  name: z
    .string()
    .refine((text) => /^[a-z][a-z0-9-]{0,31}$/.test(text), {
      error: 'expected 1 to 32 lower-case letters, digits and dashes, a letter first',
    })
    .describe('Its name in logs, in the audit and in overrides; unique.'),
}

const network = {
  address: z
    .string()
    .refine((text) => text === ANY_ADDRESS || isIP(text) !== 0, {
      error: `expected an IPv4 or IPv6 address, or ${ANY_ADDRESS} for all`,
    })
    .default(ANY_ADDRESS)
    .describe('The address to listen on; * is every address of the machine, IPv4 and IPv6.'),
  port: z
    .int()
    .min(0)
    .max(MAX_PORT)
    .describe(
      'The port to listen on. 0 lets the system choose a free one. Ports below 1024 need a privilege.',
    ),
}

const ftp = z.strictObject({
  ...common,
  door: z.literal('ftp').describe('What is spoken there: ftp (with TLS: FTPS) or sftp.'),
  ...network,
  tls: z
    .enum(['explicit', 'implicit'])
    .default('explicit')
    .describe('For ftp. explicit: the client asks for TLS with AUTH TLS. implicit: TLS from the first byte.'),
  cleartext: flag(
    false,
    'For ftp with explicit TLS. true: users who have a dated exception (sunset) may log in here without TLS.',
  ),
  banner: z
    .string()
    .refine((text) => text.length <= 500 && !/\p{Cc}/u.test(text), {
      error: 'expected one line of at most 500 characters, none of them a control character',
    })
    .default('Service ready.')
    .describe('For ftp. The greeting; it should not name a product.'),
})

const sftp = z.strictObject({
  ...common,
  door: z.literal('sftp').describe('What is spoken there: ftp (with TLS: FTPS) or sftp.'),
  ...network,
})

export const listeners = z
  .array(z.discriminatedUnion('door', [ftp, sftp]))
  .min(1, { error: 'expected at least one listener' })
  .default([
    {
      name: 'ftp',
      door: 'ftp',
      address: ANY_ADDRESS,
      port: 2121,
      tls: 'explicit',
      cleartext: false,
      banner: 'Service ready.',
    },
    {
      name: 'ftps',
      door: 'ftp',
      address: ANY_ADDRESS,
      port: 2990,
      tls: 'implicit',
      cleartext: false,
      banner: 'Service ready.',
    },
    { name: 'sftp', door: 'sftp', address: ANY_ADDRESS, port: 2222 },
  ])
  .describe('Where the server listens: one entry per door and port.')
