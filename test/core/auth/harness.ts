import { Secret, TOTP } from 'otpauth'
import { createAuditor } from '../../../src/core/audit/auditor.ts'
import type { AuditEvent } from '../../../src/core/audit/events.ts'
import { type Argon2Cost, hashArgon2 } from '../../../src/core/auth/argon2.ts'
import { createAuthenticator, type OwnedAuthenticator } from '../../../src/core/auth/authenticator.ts'
import type { AuthenticatorDeps, LoginSettings } from '../../../src/core/auth/deps.ts'
import type { Login, LoginStep, Proof } from '../../../src/core/auth/login.ts'
import { createPasswordHasher, type PasswordHasher } from '../../../src/core/auth/password.ts'
import type { ShownKey } from '../../../src/core/auth/shown-key.ts'
import {
  asSessionId,
  FACTORS,
  type Factor,
  type Origin,
  type TotpCredential,
  type User,
} from '../../../src/core/identity.ts'
import type { PolicySettings } from '../../../src/core/policy/decide.ts'
import { createPolicy } from '../../../src/core/policy/policy.ts'
import type { StateStore } from '../../../src/core/ports.ts'
import { createSessionRegistry, type SessionRegistry } from '../../../src/core/sessions.ts'
import type { VfsSession } from '../../../src/core/vfs/session.ts'
import { createMemoryStateStore } from '../../../src/state/memory.ts'
import { createTotpVerifier } from '../../../src/users/totp-speakeasy.ts'
import { collectEvents } from '../../helpers/audit-events.ts'
import { createFakeClock, type FakeClock } from '../../helpers/fake-clock.ts'
import { NO_TRUST } from '../../helpers/key-trust.ts'
import { createMemoryUsers, type MemoryUsers, makeKey, makeUser } from '../../helpers/memory-users.ts'
import { OPEN_POLICY } from '../../helpers/policy-settings.ts'

/** The cheapest argon2 there is, so that tests are quick. */
export const CHEAP: Argon2Cost = { memoryKiB: 8, passes: 1, parallelism: 1 }
export const PASSWORD = 'correct horse'
export const PASSWORD_HASH = await hashArgon2(PASSWORD, CHEAP)
export const FINGERPRINT = 'SHA256:the-users-key'
export const SHOWN_KEY: ShownKey = { fingerprint: FINGERPRINT, blob: new Uint8Array() }
export const CERTIFICATE = 'aa'.repeat(32)
export const TOTP_CREDENTIAL: TotpCredential = {
  secret: Uint8Array.from({ length: 20 }, (_, i) => i + 1),
  algorithm: 'sha1',
  digits: 6,
  periodSeconds: 30,
}

export const SETTINGS: LoginSettings = {
  failureDelayMs: 1000,
  failureDelayMaxMs: 0,
  attemptsPerConnection: 3,
  appendedCode: true,
  lockout: {
    user: { after: 5, windowMs: 60_000, lockMs: 300_000 },
    address: { after: 20, windowMs: 60_000, lockMs: 600_000 },
  },
}

export const POLICY: PolicySettings = OPEN_POLICY

/** A user with every credential; `chains` and the rest as given. */
export function fullUser(name: string, changes: Partial<User> = {}): User {
  const credentials = {
    passwordHash: PASSWORD_HASH,
    keys: [makeKey(FINGERPRINT)],
    authorities: [],
    principals: [],
    certificates: [CERTIFICATE],
    totp: TOTP_CREDENTIAL,
  }
  return makeUser(name, { credentials, ...changes })
}

export function codeAt(ms: number): string {
  const { secret, digits, periodSeconds: period } = TOTP_CREDENTIAL
  const key = new Secret({ buffer: Uint8Array.from(secret).buffer })
  return new TOTP({ secret: key, digits, period }).generate({ timestamp: ms })
}

/** When the step of that code began, in seconds. */
export function stepStart(ms: number): number {
  return Math.floor(ms / 30_000) * 30
}

export type CountingHasher = PasswordHasher & { checks: number }

/** Counts the verifications that would each cost one hash. */
function counting(hasher: PasswordHasher): CountingHasher {
  const counter = {
    ...hasher,
    checks: 0,
    verify: (...args: Parameters<PasswordHasher['verify']>) => {
      counter.checks += 1
      return hasher.verify(...args)
    },
    verifyAfresh: (...args: Parameters<PasswordHasher['verifyAfresh']>) => {
      counter.checks += 1
      return hasher.verifyAfresh(...args)
    },
  }
  return counter
}

export type Harness = {
  clock: FakeClock
  users: MemoryUsers
  state: StateStore
  hasher: CountingHasher
  sessions: SessionRegistry
  events: AuditEvent[]
  authenticator: OwnedAuthenticator
  /** A new connection; every one has its own session id. */
  connect(origin?: Partial<Origin>, canProve?: ReadonlySet<Factor>): Login
  /** Offers and lets time pass until the answer is there. */
  offer(login: Login, proof: Proof): Promise<LoginStep>
  password(login: Login, secret: string): Promise<LoginStep>
  code(login: Login, code: string): Promise<LoginStep>
  /** begin and one password on a new connection. */
  attempt(name: string, secret: string, origin?: Partial<Origin>): Promise<LoginStep>
  denials(): unknown[]
}

type Options = { policy?: Partial<PolicySettings>; settings?: Partial<LoginSettings> } & Partial<
  Pick<AuthenticatorDeps, 'files' | 'state' | 'users' | 'keyTrust'>
>

export function createHarness(people: readonly User[], options: Options = {}): Harness {
  const clock = createFakeClock()
  const users = createMemoryUsers(people)
  const state = options.state ?? createMemoryStateStore()
  const events: AuditEvent[] = []
  const audit = createAuditor(collectEvents(events), clock)
  const queue = { concurrent: 2, waiting: 8 }
  const hasher = counting(createPasswordHasher({ argon2: CHEAP, queue, cacheMs: 0 }, [], clock))
  const directory = options.users ?? users
  const policy = createPolicy({ ...POLICY, ...options.policy })
  const sessions = createSessionRegistry({ users: directory, state, policy, clock })
  const files = options.files ?? (async (principal) => ({ principal }) as unknown as VfsSession)
  const authenticator = createAuthenticator({
    users: directory,
    state,
    policy,
    clock,
    audit,
    hasher,
    totp: createTotpVerifier(1),
    sessions,
    keyTrust: options.keyTrust ?? NO_TRUST,
    files,
    settings: { ...SETTINGS, ...options.settings },
  })
  let connections = 0
  const connect: Harness['connect'] = (origin = {}, canProve = new Set(FACTORS)) => {
    connections += 1
    const full: Origin = {
      session: asSessionId(`session-${connections}`),
      door: 'ftps',
      remoteIp: '192.0.2.1',
      remotePort: 40000,
      localIp: '192.0.2.254',
      localPort: 21,
      listener: 'main',
      encrypted: true,
      ...origin,
    }
    return authenticator.open(full, canProve)
  }
  const offer = async (login: Login, proof: Proof): Promise<LoginStep> => {
    let over = false
    const done = login.offer(proof).finally(() => {
      over = true
    })
    done.catch(() => {})
    while (!over) await clock.advance(clock.pending > 0 ? SETTINGS.failureDelayMs : 0)
    return done
  }
  const password: Harness['password'] = (login, secret) => offer(login, { factor: 'password', secret })
  return {
    clock,
    users,
    state,
    hasher,
    sessions,
    events,
    authenticator,
    connect,
    offer,
    password,
    code: (login, code) => offer(login, { factor: 'totp', code }),
    attempt: async (name, secret, origin) => {
      const login = connect(origin)
      const step = await login.begin(name)
      return step.state === 'more' ? password(login, secret) : step
    },
    denials: () => events.flatMap((event) => (event.type === 'login.denied' ? [event.reason] : [])),
  }
}
