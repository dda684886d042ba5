import { createHash } from 'node:crypto'
import { networkOf } from '../net.ts'
import type { FailureRecord, LockRule, StateStore } from '../ports.ts'

export type LockoutRules = Readonly<{ user: LockRule; address: LockRule }>

/** Bytes of a claimed name that are looked at; a longer one is nobody's. */
export const MAX_NAME_BYTES = 256

/** True for a name that may be looked up at all. */
export function isPlausibleName(name: string): boolean {
  return name !== '' && name.length <= MAX_NAME_BYTES && Buffer.byteLength(name) <= MAX_NAME_BYTES
}

/**
 * The StateStore key under which failures for a claimed name count, whether or not anybody has it. Hashed, so that a key
 * has one length and a password typed into the name field is not kept in clear.
 */
export function userKey(name: string): string {
  return `user:${createHash('sha256').update(name).digest('hex')}`
}

/** The StateStore key under which failures from an address count: the address, or the /64 of an IPv6 one. */
export function addressKey(remoteIp: string): string {
  return `address:${networkOf(remoteIp)}`
}

export type Locks = Readonly<{ addressLockedUntil: number; userLockedUntil: number }>

export async function readLocks(
  state: StateStore,
  name: string,
  remoteIp: string,
  now: number,
): Promise<Locks> {
  const [addressLockedUntil, userLockedUntil] = await Promise.all([
    state.lockedUntil(addressKey(remoteIp), now),
    state.lockedUntil(userKey(name), now),
  ])
  return { addressLockedUntil, userLockedUntil }
}

/** True for the one failure that started a lock: later ones count on and leave the lock as it is. */
function startsLock(record: FailureRecord, rule: LockRule, now: number): boolean {
  return record.failures === rule.after && record.lockedUntil > now
}

export type StartedLock = Readonly<{ scope: 'user' | 'address'; untilMs: number }>

export type RecordedFailure = Readonly<{
  /** Of the address within its window; 0 when they are not counted. */
  ofAddress: number
  /** That started with this failure. */
  locks: readonly StartedLock[]
}>

/** Counts one failure against the name and one against the address. */
export async function recordLoginFailure(
  state: StateStore,
  rules: LockoutRules,
  who: Readonly<{ name: string; remoteIp: string }>,
  now: number,
): Promise<RecordedFailure> {
  const keys = { user: userKey(who.name), address: addressKey(who.remoteIp) }
  const locks: StartedLock[] = []
  let ofAddress = 0
  for (const scope of ['user', 'address'] as const) {
    const rule = rules[scope]
    if (rule.after === 0) continue
    const record = await state.recordFailure(keys[scope], now, rule)
    if (scope === 'address') ofAddress = record.failures
    if (startsLock(record, rule, now)) locks.push({ scope, untilMs: record.lockedUntil })
  }
  return { ofAddress, locks }
}
