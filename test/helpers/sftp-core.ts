import { createAuthenticator } from '../../src/core/auth/authenticator.ts'
import type { LoginSettings } from '../../src/core/auth/deps.ts'
import type { KeyTrust } from '../../src/core/auth/key-rules.ts'
import { createPasswordHasher } from '../../src/core/auth/password.ts'
import type { User } from '../../src/core/identity.ts'
import { createPolicy } from '../../src/core/policy/policy.ts'
import { createSessionRegistry } from '../../src/core/sessions.ts'
import { createMemoryStateStore } from '../../src/state/memory.ts'
import { parseUsers } from '../../src/users/read.ts'
import { createSecretBox } from '../../src/users/secret-box.ts'
import { createTotpVerifier } from '../../src/users/totp-speakeasy.ts'
import { readYaml } from '../../src/yaml/document.ts'
import { NO_TRUST } from './key-trust.ts'
import { createMemoryUsers, type MemoryUsers } from './memory-users.ts'
import { OPEN_POLICY } from './policy-settings.ts'
import { startSftp, type TestServer, type TestServerOptions } from './sftp-server.ts'

/** Opens and closes the secrets of one-time codes in users made for a test. */
export const TEST_SECRETS = createSecretBox(Buffer.alloc(32, 7))

const NEVER_LOCKED = { after: 0, windowMs: 1, lockMs: 1 }

/** Refusals come at once, and nobody is locked: time stands still here. */
const SETTINGS: LoginSettings = {
  failureDelayMs: 0,
  failureDelayMaxMs: 0,
  attemptsPerConnection: 10,
  appendedCode: true,
  lockout: { user: NEVER_LOCKED, address: NEVER_LOCKED },
}

export type CoreServer = TestServer & { users: MemoryUsers }

export type CoreServerOptions = Readonly<{
  /** A users file. */
  users: string
  trust?: KeyTrust
  login?: Partial<LoginSettings>
}> &
  Pick<TestServerOptions, 'settings'>

export function usersOf(text: string): readonly User[] {
  const read = parseUsers(readYaml(text, 'users.yaml'), { homes: '/srv/home', secrets: TEST_SECRETS })
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return [...read.set.users.values()]
}

/** The SFTP door with the real core behind it: users from the text of a users file, files in memory. */
export async function startSftpCore(options: CoreServerOptions): Promise<CoreServer> {
  const users = createMemoryUsers(usersOf(options.users))
  const server = await startSftp({
    ...(options.settings !== undefined && { settings: options.settings }),
    authenticator({ audit, clock, files }) {
      const state = createMemoryStateStore()
      const policy = createPolicy(OPEN_POLICY)
      const cost = { memoryKiB: 8, passes: 1, parallelism: 1 }
      const queue = { concurrent: 2, waiting: 8 }
      return createAuthenticator({
        users,
        state,
        policy,
        clock,
        audit,
        hasher: createPasswordHasher({ argon2: cost, queue, cacheMs: 0 }, [], clock),
        totp: createTotpVerifier(1),
        sessions: createSessionRegistry({ users, state, policy, clock }),
        keyTrust: options.trust ?? NO_TRUST,
        files: async () => files(),
        settings: { ...SETTINGS, ...options.login },
      })
    },
  })
  return { ...server, open: server.open, users }
}
