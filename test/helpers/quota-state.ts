import type { QuotaUsage, StateStore } from '../../src/core/ports.ts'

type QuotaState = Pick<StateStore, 'quotaUsage' | 'initQuotaUsage' | 'chargeQuota' | 'settleQuota'>

/** The quota part of a state store, with the sums in the open. */
export function createQuotaState(): QuotaState & { usage: QuotaUsage | undefined; charges: number } {
  const passes = (now: number, delta: number, max: number) => delta <= 0 || max === 0 || now + delta <= max
  return {
    usage: undefined,
    charges: 0,
    async quotaUsage() {
      return this.usage
    },
    async initQuotaUsage(_user, usage) {
      this.usage ??= usage
      return this.usage
    },
    async chargeQuota(_user, delta, max) {
      this.charges += 1
      const { bytes, files } = this.usage ?? { bytes: 0, files: 0 }
      if (!passes(bytes, delta.bytes, max.bytes) || !passes(files, delta.files, max.files)) return false
      this.usage = { bytes: Math.max(0, bytes + delta.bytes), files: Math.max(0, files + delta.files) }
      return true
    },
    async settleQuota(account, delta) {
      await this.chargeQuota(account, delta, { bytes: 0, files: 0 })
    },
  }
}
