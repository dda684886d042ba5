import type { Auditor } from '../audit/auditor.ts'
import type { ErrorCode } from '../errors.ts'
import type { Factor } from '../identity.ts'
import type { DenyReason } from '../policy/decide.ts'
import type { Clock, StateStore } from '../ports.ts'
import type { LoginSettings } from './deps.ts'
import type { KeyDetail } from './shown-key.ts'
import { recordLoginFailure } from './throttle.ts'

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
  settings: Pick<LoginSettings, 'failureDelayMs' | 'failureDelayMaxMs' | 'lockout'>
}>

/** Writes the refusal to the audit and counts it against name and address; gives the failures of the address. */
export async function noteRefusal(
  { state, clock, settings }: RefusalDeps,
  audit: Auditor,
  who: Readonly<{ name: string; remoteIp: string }>,
  refusal: Refusal,
): Promise<number> {
  audit.record({ type: 'login.denied', ...refusal })
  if (UNCOUNTED.has(refusal.reason)) return 0
  const { ofAddress, locks } = await recordLoginFailure(state, settings.lockout, who, clock.now())
  for (const lock of locks) audit.record({ type: 'login.locked', ...lock })
  return ofAddress
}

/**
 * Resolves when the delay after `startedAt` (monotonic) is over. It grows with the connection's and the address's own
 * refusals, and not with those of the name: a good login takes those back, and whoever guesses could see that.
 */
export async function waitOut(
  { clock, settings }: RefusalDeps,
  startedAt: number,
  refusals: number,
): Promise<void> {
  const { failureDelayMs: least, failureDelayMaxMs: most } = settings
  const delay = Math.min(least * 2 ** Math.max(0, refusals - 1), Math.max(least, most))
  const left = startedAt + delay - clock.monotonic()
  if (left > 0) await clock.sleep(left)
}
