import type { Factor } from '../core/identity.ts'
import type { UserRecord } from './schema.ts'

export type Chains = readonly (readonly Factor[])[]

/** A user with principals comes with certificates of a listener's authority. */
function takesKeys({ keys, principals }: UserRecord): boolean {
  return keys.length > 0 || principals.length > 0
}

/** Without chains of its own, each credential a user has is a login, and an enrolled code is needed every time. */
export function chainsOf(record: UserRecord): Chains {
  if (record.factors !== undefined) return record.factors
  const code: readonly Factor[] = record.totp === undefined ? [] : ['totp']
  const chains: Chains = [
    ...(record.password === undefined ? [] : [['password', ...code] as const]),
    ...(takesKeys(record) ? [['publickey', ...code] as const] : []),
  ]
  // A chain is needed even where nothing can complete it: the login then runs like any other and fails.
  return chains.length > 0 ? chains : [['password', ...code]]
}

/** Undefined when the chain makes sense; else why not. */
export function chainFlaw(chain: readonly Factor[]): string | undefined {
  if (new Set(chain).size < chain.length) return 'names a factor twice'
  return chain.length === 1 && chain[0] === 'totp'
    ? 'totp alone can be guessed; put another factor beside it'
    : undefined
}

export function canComplete(record: UserRecord): boolean {
  if (record.anonymous) return true
  const has: Record<Factor, boolean> = {
    password: record.password !== undefined,
    publickey: takesKeys(record),
    'client-cert': record.certificates.length > 0,
    totp: record.totp !== undefined,
  }
  return chainsOf(record).some((chain) => chain.every((factor) => has[factor]))
}
