import { createConversation } from './conversation.ts'
import type { AuthenticatorDeps } from './deps.ts'
import type { Authenticator } from './login.ts'
import { createProver } from './prove.ts'
import { createHashUpgrader } from './rehash.ts'
import { createTallies } from './tally.ts'

export type OwnedAuthenticator = Authenticator & {
  /** Stops following the user directory; resolves when hash upgrades under way are done. */
  close(): Promise<void>
}

export function createAuthenticator(deps: AuthenticatorDeps): OwnedAuthenticator {
  const { hasher, users, totp, clock, settings } = deps
  const prove = createProver({ hasher, totp, clock, appendedCode: settings.appendedCode })
  const upgrader = createHashUpgrader(hasher, users)
  const tallyOf = createTallies()
  const unsubscribe = users.onChange((changed) => hasher.forget(changed))
  return {
    open: (origin, canProve, certificate) => {
      const tally = tallyOf(origin.session)
      const parts = { prove, upgrader, tally, samePassword: upgrader.isSame }
      return createConversation({ ...deps, ...parts, canProve, certificate }, origin)
    },
    close: () => {
      unsubscribe()
      return upgrader.settled()
    },
  }
}
