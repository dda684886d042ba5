import { ACTIONS, DOORS, type Door, FACTORS, type Factor } from '../core/identity.ts'
import { canonicalAddress } from '../core/net.ts'
import { UsageError } from './failure.ts'

/** Readers of option values: typed, or a UsageError that says what was expected. */

export function readAddress(option: string, text: string): string {
  const address = canonicalAddress(text)
  if (address === undefined)
    throw new UsageError(`${option} "${text}" is no IP address.`, 'Write 192.0.2.7 or 2001:db8::7.')
  return address
}

/** A day counts from its first moment in UTC. */
export function readDate(option: string, text: string): Date {
  const date = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text) ? new Date(text) : undefined
  if (date === undefined || Number.isNaN(date.getTime())) {
    throw new UsageError(
      `${option} "${text}" is no date.`,
      'Write 2027-01-31, or 2027-01-31T18:00:00Z for a time.',
    )
  }
  return date
}

export function readDoor(option: string, text: string): Door {
  return oneOf(option, text, DOORS)
}

/** `password,totp` or `password+totp`. */
export function readFactors(option: string, text: string): Factor[] {
  return text
    .split(/[+,]/)
    .filter((word) => word !== '')
    .map((word) => oneOf(option, word, FACTORS))
}

/** Chains apart by commas, the factors of one joined by `+`: `password+totp,publickey+totp`. */
export function readChains(option: string, text: string): Factor[][] {
  const chains = text.split(',').map((chain) => readFactors(option, chain))
  if (chains.some((chain) => chain.length === 0)) {
    throw new UsageError(
      `${option} "${text}" has an empty chain.`,
      'Write, for example, password+totp,publickey+totp.',
    )
  }
  return chains
}

/** The name of a ready-made set, or actions apart by commas. */
export function readPermissions(text: string): string | string[] {
  return text.includes(',') || ACTIONS.some((action) => action === text) ? text.split(',') : text
}

function oneOf<T extends string>(option: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === text)
  if (found === undefined)
    throw new UsageError(`${option}: "${text}" is not known.`, `Write one of ${allowed.join(', ')}.`)
  return found
}
