import { createAddressList } from '../net.ts'
import type { Decision, Policy, PolicySettings, TrailRow } from './decide.ts'
import { RULES } from './rules.ts'

/**
 * Asks the rules of the facts' stage in order; the first denial ends. The trail has every rule that was asked.
 * Throws `internal` here, never in `decide`, when an address list of the settings cannot be read.
 */
export function createPolicy(settings: PolicySettings): Policy {
  const lists = {
    allow: createAddressList(settings.allow),
    deny: createAddressList(settings.deny),
    cleartextListeners: settings.cleartextListeners,
    anonymousListeners: settings.anonymousListeners,
    admissions: settings.admissions,
  }
  return {
    decide: (facts, now): Decision => {
      const trail: TrailRow[] = []
      for (const rule of RULES) {
        if (!rule.stages.includes(facts.stage)) continue
        const answer = rule.ask({ facts, now, lists })
        trail.push({ rule: rule.name, verdict: answer.verdict, why: answer.why })
        if (answer.verdict === 'deny') return { allow: false, reason: answer.reason, rule: rule.name, trail }
      }
      return { allow: true, trail }
    },
  }
}
