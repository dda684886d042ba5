import { randomBytes } from 'node:crypto'
import type { Config } from '../config/schema.ts'
import type { Auditor } from '../core/audit/auditor.ts'
import type { AuditContext } from '../core/audit/events.ts'
import { createAuthenticator, type OwnedAuthenticator } from '../core/auth/authenticator.ts'
import { createPasswordHasher } from '../core/auth/password.ts'
import type { Principal } from '../core/identity.ts'
import type { Policy } from '../core/policy/decide.ts'
import { createPolicy } from '../core/policy/policy.ts'
import type { Clock, Logger, StateStore } from '../core/ports.ts'
import { createSessionRegistry, type SessionRegistry } from '../core/sessions.ts'
import { hasQuota } from '../core/transfer/quota.ts'
import { createVfsSession } from '../core/vfs/create-session.ts'
import { createSqliteStateStore } from '../state/sqlite.ts'
import { ownState } from '../state/sqlite-owner.ts'
import { createLocalStorage } from '../storage/local.ts'
import { foreignHashes } from '../users/foreign-hashes.ts'
import { createTotpVerifier } from '../users/totp-speakeasy.ts'
import type { YamlUsers } from '../users/yaml.ts'
import { openKeyTrust } from './key-trust.ts'
import { nativeOf } from './native-parts.ts'
import { openSecrets, openUserFile } from './open-users.ts'
import { loginSettings, passwordSettings, policySettings, storageSettings } from './settings.ts'

export type Core = Readonly<{
  policy: Policy
  state: StateStore
  users: YamlUsers
  sessions: SessionRegistry
  authenticator: OwnedAuthenticator
  /** Some user's TLS data connections must resume their control connection's session. */
  strictUsers(): boolean
  /** The new address lists judge later connections and logins, and whether sessions may go on. */
  replacePolicy(config: Config): void
  /** Reads authorities and revocation lists again. Throws OperatorError, and then the old ones stay. */
  reloadKeyTrust(): void
  close(): Promise<void>
}>

export type CoreDeps = Readonly<{ audit: Auditor; clock: Clock; logger: Logger }>

/** Builds the core on its drivers. Throws OperatorError for what the operator can mend; nothing is left open then. */
export async function openCore(config: Config, deps: CoreDeps): Promise<Core> {
  const { audit, clock, logger } = deps
  const native = nativeOf(config)
  const storage = createLocalStorage({ ...storageSettings(config), clock, createRoots: true, native })
  const keyTrust = openKeyTrust(config)
  const secrets = openSecrets(config)
  const state = openOwnState(config)
  const { users, warnings } = await openUserFile(config, secrets, deps).catch(async (error: unknown) => {
    await state.close()
    throw error
  })
  for (const warning of warnings) logger.warn({}, warning)
  let policy = createPolicy(policySettings(config))
  const strict = await followStrictUsers(users)
  const livePolicy: Policy = { decide: (facts, now) => policy.decide(facts, now) }
  const sessions = createSessionRegistry({ users, state, policy: livePolicy, clock })
  const authenticator = createAuthenticator({
    users,
    state,
    policy: livePolicy,
    clock,
    audit,
    hasher: createPasswordHasher(passwordSettings(config), foreignHashes(), clock),
    totp: createTotpVerifier(config.mfa.driftSteps),
    sessions,
    keyTrust,
    files: async (principal) => {
      // From here on what the user stores is not counted.
      if (!hasQuota(principal.limits)) await state.forgetQuota(principal.user)
      return createVfsSession({ principal, storage, audit: audit.with(contextOf(principal)), clock, state })
    },
    settings: loginSettings(config),
  })
  return {
    policy: livePolicy,
    state,
    users,
    sessions,
    authenticator,
    strictUsers: strict,
    reloadKeyTrust: keyTrust.reload,
    replacePolicy: (next) => {
      policy = createPolicy(policySettings(next))
      sessions.recheck()
    },
    async close() {
      await authenticator.close()
      sessions.close()
      await users.close()
      await state.close()
      await storage.close()
    },
  }
}

async function followStrictUsers(users: YamlUsers): Promise<() => boolean> {
  const ask = async () => (await users.list()).some(({ tlsReuse }) => tlsReuse === 'require')
  let strict = await ask()
  users.onChange(async () => {
    strict = await ask()
  })
  return () => strict
}

function contextOf({ name, origin }: Principal): AuditContext {
  const { session, door, listener, remoteIp } = origin
  return { session, door, listener, remoteIp, user: name }
}

/** For the server itself, the only one on this state. */
function openOwnState(config: Config): StateStore {
  const ownership = ownState(config.state.file)
  try {
    const state = openState(config, randomBytes(8).toString('hex'))
    const close = () => state.close().finally(() => ownership.release())
    return { ...state, close }
  } catch (error) {
    ownership.release()
    throw error
  }
}

/** `instance` undefined: beside a running server, whose sessions are left alone. */
export function openState(config: Config, instance: string | undefined): StateStore {
  return createSqliteStateStore({ file: config.state.file, instance })
}
