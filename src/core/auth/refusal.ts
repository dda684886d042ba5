import type { Auditor } from '../audit/auditor.ts'
import type { ErrorCode } from '../errors.ts'
import type { Factor } from '../identity.ts'
import type { DenyReason } from '../policy/decide.ts'
import type { Clock, StateStore } from '../ports.ts'
import type { KeyDetail } from './shown-key.ts'
import { type LockoutRules, recordLoginFailure } from './throttle.ts'

export type Refusal = Readonly<{ reason: DenyReason; factor?: Factor; rule?: string }> & KeyDetail

/** The reasons a client may learn. All others look alike. */
const WIRE_CODES: Partial<Readonly<Record<DenyReason, ErrorCode>>> = {
  'encryption-required': 'policy.encryption-required',
  'too-many-sessions': 'session.limit',
  draining: 'session.draining',
}

/** Not the doing of somebody who guesses, so nobody gets locked for it. */
const UNCOUNTED: ReadonlySet<DenyReason> = new Set([
  'encryption-required',
  'too-many-sessions',
  'overloaded',
  'draining',
])

export function wireCode(reason: DenyReason): ErrorCode {
  return WIRE_CODES[reason] ?? 'auth.failed'
}

export type RefusalDeps = Readonly<{
  state: StateStore
  clock: Clock
  settings: Readonly<{ failureDelayMs: number; lockout: LockoutRules }>
}>

/** Writes the refusal to the audit and counts it against name and address. */
export async function noteRefusal(
  { state, clock, settings }: RefusalDeps,
  audit: Auditor,
  who: Readonly<{ name: string; remoteIp: string }>,
  refusal: Refusal,
): Promise<void> {
  audit.record({ type: 'login.denied', ...refusal })
  if (UNCOUNTED.has(refusal.reason)) return
  for (const lock of await recordLoginFailure(state, settings.lockout, who, clock.now())) {
    audit.record({ type: 'login.locked', ...lock })
  }
}

/** Resolves when `failureDelayMs` have passed since `startedAt` (monotonic). */
export async function waitOut({ clock, settings }: RefusalDeps, startedAt: number): Promise<void> {
  const left = startedAt + settings.failureDelayMs - clock.monotonic()
  if (left > 0) await clock.sleep(left)
}
