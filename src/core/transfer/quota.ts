import { FileServerError } from '../errors.ts'
import type { Limits } from '../identity.ts'
import type { QuotaAccount, StateStore } from '../ports.ts'
import type { Usage } from '../vfs/storage.ts'

/** One user's space. What is charged equals what lies on the storage, plus what running uploads have reserved. */
export type Quota = {
  /** False: nothing is counted at all. */
  readonly limited: boolean
  /** Makes sure that a first count was taken; to be called before any change that is charged or settled. */
  prepare(): Promise<void>
  /** Adds `delta` (may be negative); throws quota.exceeded when a positive part would pass its limit. */
  charge(delta: Usage): Promise<void>
  /** Adds `delta` whatever the limits say: for what is already a fact. */
  settle(delta: Usage): Promise<void>
  /** What all of the user's files may come to and what is left of it; Infinity where there is no limit. */
  room(): Promise<Room>
}

export type Room = Readonly<{ all: Usage; left: Usage }>

export type QuotaOptions = Readonly<{
  account: QuotaAccount
  limits: Limits
  state: Pick<StateStore, 'quotaUsage' | 'initQuotaUsage' | 'chargeQuota' | 'settleQuota'>
  /** Counts what the user's storage holds; asked once, when the state store knows nothing yet. */
  count: () => Promise<Usage>
}>

const NO_LIMIT: Usage = { bytes: 0, files: 0 }
const ENDLESS: Usage = { bytes: Number.POSITIVE_INFINITY, files: Number.POSITIVE_INFINITY }

const UNLIMITED: Quota = {
  limited: false,
  prepare: async () => {},
  charge: async () => {},
  settle: async () => {},
  room: async () => ({ all: ENDLESS, left: ENDLESS }),
}

/** Whether what the user stores is counted at all. */
export function hasQuota({ quotaBytes, quotaFiles }: Limits): boolean {
  return quotaBytes > 0 || quotaFiles > 0
}

export function createQuota({ account, limits, state, count }: QuotaOptions): Quota {
  if (!hasQuota(limits)) return UNLIMITED
  const max: Usage = { bytes: limits.quotaBytes, files: limits.quotaFiles }
  let ready: Promise<void> | undefined
  const prepare = async () => {
    if ((await state.quotaUsage(account)) === undefined) await state.initQuotaUsage(account, await count())
  }
  const known = (): Promise<void> => {
    ready ??= prepare().catch((error: unknown) => {
      ready = undefined
      throw error
    })
    return ready
  }
  return {
    limited: true,
    prepare: known,
    charge: async (delta) => {
      if (isNothing(delta)) return
      await known()
      if (!(await state.chargeQuota(account, delta, max))) throw new FileServerError('quota.exceeded')
    },
    settle: async (delta) => {
      if (isNothing(delta)) return
      await known()
      await state.settleQuota(account, delta)
    },
    room: async () => {
      await known()
      const used = (await state.quotaUsage(account)) ?? NO_LIMIT
      const all = { bytes: max.bytes || ENDLESS.bytes, files: max.files || ENDLESS.files }
      // A limit may have been lowered below what is there.
      const { bytes, files } = minus(all, used)
      return { all, left: { bytes: Math.max(0, bytes), files: Math.max(0, files) } }
    },
  }
}

function isNothing({ bytes, files }: Usage): boolean {
  return bytes === 0 && files === 0
}

export function minus(a: Usage, b: Usage): Usage {
  return { bytes: a.bytes - b.bytes, files: a.files - b.files }
}

export const NOTHING: Usage = NO_LIMIT
