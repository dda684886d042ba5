import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { type Auditor, createAuditor } from '../../src/core/audit/auditor.ts'
import type { AuditEvent } from '../../src/core/audit/events.ts'
import type { Authenticator } from '../../src/core/auth/login.ts'
import type { FileServerError } from '../../src/core/errors.ts'
import { asSessionId, type Factor, type Limits, type Mount, type Origin } from '../../src/core/identity.ts'
import type { VfsSession } from '../../src/core/vfs/session.ts'
import type { StorageProvider } from '../../src/core/vfs/storage.ts'
import type { Connection } from '../../src/server/adapter.ts'
import { createSftpAdapter } from '../../src/sftp/adapter.ts'
import { generateHostKey, type HostKey, parseHostKey } from '../../src/sftp/host-keys.ts'
import type { SftpSettings } from '../../src/sftp/settings.ts'
import type { TermsException, TermsSettings } from '../../src/sftp/terms.ts'
import { collectEvents } from './audit-events.ts'
import { createFakeClock, type FakeClock } from './fake-clock.ts'
import { native } from './native.ts'
import { createScriptedAuthenticator } from './sftp-login.ts'
import { createTestSession, type TestSession } from './vfs.ts'

/** Terms with one exception, for clients on this machine unless it says otherwise. */
export function termsWith(exception: Partial<TermsException>): TermsSettings {
  const usual = {
    networks: ['127.0.0.0/8'],
    allow: [],
    untilMs: Number.MAX_SAFE_INTEGER,
    owner: 'o',
    reason: 'r',
  }
  return { profile: 'modern', minRsaBits: 3072, exceptions: [{ ...usual, ...exception }] }
}

export const TEST_SETTINGS: SftpSettings = {
  authRequestsPerConnection: 20,
  promptsAtOnce: false,
  terms: { profile: 'modern', minRsaBits: 3072, exceptions: [] },
  keepAliveMs: 15_000,
  keepAliveMisses: 3,
  rekeyBytes: 2 ** 30,
  rekeyMs: 3_600_000,
  identification: 'sftp',
  banner: '',
  loginGraceMs: 60_000,
  idleMs: 900_000,
  channelsPerConnection: 4,
  handlesPerChannel: 8,
}

const WITHOUT_NATIVE = process.env.CIPHERS_OF_TEST === 'pure'

let keys: Promise<readonly HostKey[]> | undefined

/** Made once per test process: RSA keys take their time. */
export function testHostKeys(): Promise<readonly HostKey[]> {
  keys ??= Promise.all([generateHostKey('ed25519'), generateHostKey('rsa')]).then((made) =>
    made.map((key) => parseHostKey(key.kind, key.privateKey)),
  )
  return keys
}

export type TestServer = {
  port: number
  clock: FakeClock
  session: TestSession
  events: AuditEvent[]
  /** What the adapter logged above debug. */
  logged: { level: string; fields: object; message: string }[]
  connections: Connection[]
  sockets: Socket[]
  /** Sessions granted and not closed. */
  open(): number
  endSessions(error: FileServerError): void
  close(): Promise<void>
}

export type TestServerOptions = Readonly<{
  settings?: Partial<SftpSettings>
  chains?: readonly (readonly Factor[])[]
  keys?: readonly string[]
  hostKeys?: readonly HostKey[]
  /** What the users may see and do; everything unless it says otherwise. */
  mounts?: readonly Mount[]
  /** Where the mounts' locations lead; memory unless it says otherwise. */
  storage?: StorageProvider
  /** Of every user; none unless it says otherwise. */
  limits?: Partial<Limits>
  /** In place of the scripted one; gets what the server has made. */
  authenticator?: (
    parts: Readonly<{ audit: Auditor; clock: FakeClock; files: () => VfsSession }>,
  ) => Authenticator
  /** Puts something between the door and the files, a slow disk for instance. */
  wrap?: (files: VfsSession) => VfsSession
}>

/** The SFTP door alone on a loopback port, with files in memory and time under the test's hand. */
export async function startSftp(options: TestServerOptions = {}): Promise<TestServer> {
  const clock = createFakeClock()
  const session = createTestSession({
    ...(options.mounts !== undefined && { mounts: options.mounts }),
    ...(options.storage !== undefined && { storage: options.storage }),
    ...(options.limits !== undefined && { limits: options.limits }),
  })
  const events: AuditEvent[] = []
  const logged: TestServer['logged'] = []
  const ends: ((why: FileServerError) => void)[] = []
  let open = 0
  const log = (level: string) => (fields: object, message: string) => logged.push({ level, fields, message })
  const audit = createAuditor(collectEvents(events), clock)
  const scripted = (): Authenticator =>
    createScriptedAuthenticator({
      chains: options.chains ?? [['password']],
      keys: options.keys ?? [],
      async grant() {
        open += 1
        const files = options.wrap?.(session.another()) ?? session.another()
        let closed = false
        return {
          principal: files.principal,
          files,
          ended: undefined,
          onEnded: (listener) => void ends.push(listener),
          async close() {
            if (!closed) open -= 1
            closed = true
          },
        }
      },
    })
  const adapter = createSftpAdapter({
    authenticator: options.authenticator?.({ audit, clock, files: session.another }) ?? scripted(),
    audit,
    clock,
    logger: { debug: () => {}, info: log('info'), warn: log('warn'), error: log('error') },
    settings: { ...TEST_SETTINGS, ...options.settings },
    native: WITHOUT_NATIVE ? undefined : native,
    hostKeys: options.hostKeys ?? (await testHostKeys()),
  })
  const connections: Connection[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    // A test that fails must not keep its process.
    socket.unref()
    connections.push(adapter.serve(socket, originOf(socket, connections.length)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  return {
    port: (server.address() as AddressInfo).port,
    clock,
    session,
    events,
    logged,
    connections,
    sockets,
    open: () => open,
    endSessions: (error) => {
      for (const end of ends) end(error)
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      await adapter.close()
      await closed
    },
  }
}

function originOf(socket: Socket, index: number): Origin {
  return {
    session: asSessionId(`s${index}`),
    door: 'sftp',
    remoteIp: socket.remoteAddress ?? '',
    remotePort: socket.remotePort ?? 0,
    localIp: socket.localAddress ?? '',
    localPort: socket.localPort ?? 0,
    listener: 'test',
    encrypted: true,
  }
}
