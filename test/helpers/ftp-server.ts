import { createServer, type Server } from 'node:net'
import { makeCertificates } from '../../src/cli/setup/certificate.ts'
import { createAuditor } from '../../src/core/audit/auditor.ts'
import type { AuditEvent } from '../../src/core/audit/events.ts'
import { hashArgon2 } from '../../src/core/auth/argon2.ts'
import { createAuthenticator } from '../../src/core/auth/authenticator.ts'
import { createPasswordHasher } from '../../src/core/auth/password.ts'
import { ACTIONS, type Action, asSessionId, type TotpCredential, type User } from '../../src/core/identity.ts'
import { canonicalAddress, zoneOf } from '../../src/core/net.ts'
import type { PolicySettings } from '../../src/core/policy/decide.ts'
import { createPolicy } from '../../src/core/policy/policy.ts'
import type { Clock } from '../../src/core/ports.ts'
import { createSessionRegistry, type SessionRegistry } from '../../src/core/sessions.ts'
import { createVfsSession } from '../../src/core/vfs/create-session.ts'
import type { StorageProvider } from '../../src/core/vfs/storage.ts'
import { createFtpAdapter } from '../../src/ftp/adapter.ts'
import type { FtpSettings, TlsMaterial } from '../../src/ftp/settings.ts'
import type { Native } from '../../src/native/native.ts'
import type { Connection } from '../../src/server/adapter.ts'
import { systemClock } from '../../src/server/system-clock.ts'
import { createMemoryStateStore } from '../../src/state/memory.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { createTotpVerifier } from '../../src/users/totp-speakeasy.ts'
import { collectEvents } from './audit-events.ts'
import { NO_TRUST } from './key-trust.ts'
import { createMemoryUsers, type MemoryUsers, makeUser } from './memory-users.ts'
import { native } from './native.ts'
import { OPEN_POLICY } from './policy-settings.ts'
import { mount } from './vfs.ts'

const CHEAP = { memoryKiB: 8, passes: 1, parallelism: 1 }
export const FTP_PASSWORD = 'correct horse'
const HASH = await hashArgon2(FTP_PASSWORD, CHEAP)

export const FTP_TOTP: TotpCredential = {
  secret: Uint8Array.from({ length: 20 }, (_, i) => i + 1),
  algorithm: 'sha1',
  digits: 6,
  periodSeconds: 30,
}

export const FTP_SETTINGS: FtpSettings = {
  tls: 'explicit',
  greeting: ['Service ready.'],
  welcome: [],
  goodbye: ['Goodbye.'],
  hosts: new Map(),
  tlsReuse: 'prefer',
  minTlsVersion: 'TLSv1.2',
  legacyTlsUntilMs: 0,
  openEnded: () => false,
  passivePorts: { from: 0, to: 0 },
  passiveAddress: () => 'own',
  activeMode: true,
  activePort: 0,
  modeZ: false,
  deflateLevel: 6,
  maxLineBytes: 4096,
  commandsPerSecond: 0,
  maxBadCommands: 50,
  maxQueuedCommands: 32,
  loginGraceMs: 60_000,
  idleMs: 900_000,
  stallMs: 300_000,
  dataConnectMs: 30_000,
  tlsHandshakeMs: 15_000,
}

let certificates: Promise<{ authority: string; material: TlsMaterial }> | undefined

/** One certificate for localhost and 127.0.0.1 per test process. */
export function testCertificate(): Promise<{ authority: string; material: TlsMaterial }> {
  certificates ??= makeCertificates(
    { hosts: ['localhost'], addresses: ['127.0.0.1', '::1'] },
    Date.now(),
  ).then(({ authority, certificate, key }) => ({ authority, material: { certificate, key } }))
  return certificates
}

export function ftpUser(name: string, actions: readonly Action[], changes: Partial<User> = {}): User {
  const none = { keys: [], authorities: [], principals: [], certificates: [] }
  const credentials = { ...none, passwordHash: HASH, totp: FTP_TOTP }
  return makeUser(name, { credentials, mounts: [mount('/', name, actions)], ...changes })
}

export function ftpUsers(): User[] {
  const sunset = { plaintextUntil: new Date('2999-01-01'), owner: 'ops', reason: 'test' }
  return [
    ftpUser('alice', ACTIONS),
    ftpUser('mfa', ACTIONS, { chains: [['password', 'totp']] }),
    ftpUser('keypass', ACTIONS, { sunset, chains: [['publickey', 'password']] }),
    ftpUser('reader', ['list', 'read']),
    ftpUser('dropper', ['list', 'create']),
    ftpUser('blind', ['create']),
    ftpUser('legacy', ACTIONS, { sunset }),
    ftpUser('small', ACTIONS, { limits: { maxSessions: 0, quotaBytes: 10, quotaFiles: 0 } }),
  ]
}

export type FtpTestServer = {
  readonly port: number
  readonly host: string
  readonly authority: string
  readonly events: AuditEvent[]
  readonly errors: unknown[]
  /** Everything that went to the operator's log, with its message. */
  readonly logged: unknown[]
  readonly connections: Connection[]
  readonly users: MemoryUsers
  readonly sessions: SessionRegistry
  readonly storage: StorageProvider
  close(): Promise<void>
}

export type FtpServerOptions = Readonly<{
  policy?: Partial<PolicySettings>
  /** Besides those that are always there. */
  people?: readonly User[]
  /** What the door's TLS has besides the server's certificate. */
  tls?: Pick<TlsMaterial, 'hosts' | 'clients'>
  /** The door has no certificate, so offers no TLS. */
  plain?: boolean
  settings?: Partial<FtpSettings>
  /** The door's and the storage's clock; the login always runs on the real one. */
  clock?: Clock
  host?: string
  storage?: StorageProvider
  /** False: data connections are Node's. A double takes the addon's place. */
  native?: boolean | Native
}>

/** The door on a loopback port with the real core behind it, over state and storage in memory. */
export async function startFtpServer(options: FtpServerOptions = {}): Promise<FtpTestServer> {
  const { authority, material } = await testCertificate()
  const clock = options.clock ?? systemClock
  const host = options.host ?? '127.0.0.1'
  const events: AuditEvent[] = []
  const errors: unknown[] = []
  const audit = createAuditor(collectEvents(events), clock)
  const logged: unknown[] = []
  const log = (fields: object, message: string) => void logged.push([fields, message])
  const logger = {
    debug: log,
    info: log,
    warn: log,
    error: (fields: object, message: string) => {
      errors.push(fields)
      log(fields, message)
    },
  }
  const users = createMemoryUsers([...ftpUsers(), ...(options.people ?? [])])
  const state = createMemoryStateStore()
  const policy = createPolicy({ ...OPEN_POLICY, cleartextListeners: new Set(['test']), ...options.policy })
  const sessions = createSessionRegistry({ users, state, policy, clock: systemClock })
  const storage = options.storage ?? createMemoryStorage({ clock, partialRetentionMs: 3_600_000 })
  const queue = { concurrent: 2, waiting: 64 }
  const settings = { ...FTP_SETTINGS, ...options.settings }
  const lock = { after: 0, windowMs: 1000, lockMs: 1000 }
  const authenticator = createAuthenticator({
    users,
    state,
    policy,
    clock: systemClock,
    audit,
    hasher: createPasswordHasher({ argon2: CHEAP, queue, cacheMs: 0 }, [], systemClock),
    totp: createTotpVerifier(1),
    sessions,
    keyTrust: NO_TRUST,
    files: async (principal) => createVfsSession({ principal, storage, audit, clock, state }),
    settings: {
      failureDelayMs: 0,
      failureDelayMaxMs: 0,
      attemptsPerConnection: 3,
      appendedCode: true,
      lockout: { user: lock, address: lock },
    },
  })
  const tls = { ...material, ...options.tls }
  const strictUsers = () => (options.people ?? []).some((user) => user.tlsReuse === 'require')
  const adapter = createFtpAdapter({
    authenticator,
    audit,
    clock,
    logger,
    settings,
    tls: () => (options.plain ? undefined : tls),
    strictUsers,
    native: nativeOf(options.native),
  })
  const connections: Connection[] = []
  let count = 0
  const server = createServer((socket) => {
    count += 1
    const implicit = settings.tls === 'implicit'
    const zone = zoneOf(socket.localAddress ?? '')
    const connection = adapter.serve(socket, {
      session: asSessionId(`test-${count}`),
      door: implicit ? 'ftps' : 'ftp',
      remoteIp: canonicalAddress(socket.remoteAddress ?? '') ?? '',
      remotePort: socket.remotePort ?? 0,
      localIp: canonicalAddress(socket.localAddress ?? '') ?? '',
      localPort: socket.localPort ?? 0,
      ...(zone !== undefined && { zone }),
      listener: 'test',
      encrypted: implicit,
    })
    connections.push(connection)
  })
  const port = await listen(server, host)
  return {
    port,
    host,
    authority,
    events,
    errors,
    logged,
    connections,
    users,
    sessions,
    storage,
    async close() {
      server.close()
      await adapter.close()
      await authenticator.close()
      sessions.close()
    },
  }
}

function nativeOf(wanted: boolean | Native | undefined): Native | undefined {
  if (typeof wanted === 'object') return wanted
  return wanted === false || process.env.WITHOUT_NATIVE !== undefined ? undefined : native
}

function listen(server: Server, host: string): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}
