import type { PolicySettings } from '../../src/core/policy/decide.ts'

/** Settings that refuse nobody but in cleartext; spread them and add what a test is about. */
export const OPEN_POLICY: PolicySettings = {
  allow: [],
  deny: [],
  cleartextListeners: new Set(),
  anonymousListeners: new Set(),
  admissions: new Map(),
}
