import type { Authenticator, LoginStep, Proof } from '../../src/core/auth/login.ts'
import type { ShownKey } from '../../src/core/auth/shown-key.ts'
import type { Factor, Origin } from '../../src/core/identity.ts'
import type { Session } from '../../src/core/sessions.ts'

export const PASSWORD = 'correct horse'
export const CODE = '246810'

export type ScriptedLogin = Readonly<{
  chains: readonly (readonly Factor[])[]
  /** Fingerprints that are the user's. */
  keys?: readonly string[]
  attempts?: number
  grant: (origin: Origin, name: string) => Promise<Session>
}>

/** The core's login without hashing and state: one user `alice`, whose factors are known to the test. */
export function createScriptedAuthenticator(script: ScriptedLogin): Authenticator {
  const knows = ({ fingerprint, flaw }: ShownKey): boolean =>
    flaw === undefined && (script.keys ?? []).includes(fingerprint)
  const holds = (name: string, proof: Proof): boolean => {
    if (name !== 'alice') return false
    if (proof.factor === 'password') return proof.secret === PASSWORD
    if (proof.factor === 'totp') return proof.code === CODE
    return proof.factor === 'publickey' && proof.signatureVerified && knows(proof)
  }
  return {
    open(origin) {
      let name = ''
      let failures = 0
      const proven: Factor[] = []
      const next = (): Factor[] => [
        ...new Set(script.chains.flatMap((chain) => chain.filter((factor) => !proven.includes(factor)))),
      ]
      const denied = (): LoginStep => {
        failures += 1
        const disconnect = failures >= (script.attempts ?? 3)
        return { state: 'denied', code: 'auth.failed', reason: 'wrong-password', disconnect }
      }
      return {
        async begin(given) {
          name = given
          proven.length = 0
          return { state: 'more', next: next(), partial: false }
        },
        wouldAcceptKey: async (shown) => knows(shown),
        leave: () => {},
        async offer(proof) {
          if (!holds(name, proof) || (proof.factor === 'totp' && proven.length === 0)) return denied()
          proven.push(proof.factor)
          const whole = script.chains.some((chain) => chain.every((factor) => proven.includes(factor)))
          if (whole) return { state: 'granted', session: await script.grant(origin, name) }
          return { state: 'more', next: next(), partial: true }
        },
      }
    },
  }
}
