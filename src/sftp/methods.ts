import type { AuthenticationType } from 'ssh2'
import type { Factor } from '../core/identity.ts'

/** What is offered for every name before anything is proven; see SECURITY.md on telling users apart. */
export const ALL_METHODS: readonly AuthenticationType[] = ['publickey', 'password', 'keyboard-interactive']

const METHODS: Record<Factor, readonly AuthenticationType[]> = {
  password: ['password', 'keyboard-interactive'],
  publickey: ['publickey'],
  'client-cert': [],
  totp: ['keyboard-interactive'],
}

/** RFC 4252, section 5.1: the methods that can still lead on. */
export function methodsFor(next: readonly Factor[]): AuthenticationType[] {
  const wanted = new Set(next.flatMap((factor) => METHODS[factor]))
  return ALL_METHODS.filter((method) => wanted.has(method))
}
