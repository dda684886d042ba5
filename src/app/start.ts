import { OperatorError, toOperatorError } from '../cli/failure.ts'
import type { BoundListener, RunningServer } from '../cli/services.ts'
import type { Config, ListenerConfig } from '../config/schema.ts'
import { createAuditor } from '../core/audit/auditor.ts'
import { FileServerError } from '../core/errors.ts'
import { createAuditLog } from '../observe/audit-log.ts'
import { createLogger } from '../observe/logger.ts'
import { createConnectionCaps } from '../server/connection-caps.ts'
import { watchHostAddresses } from '../server/host-addresses.ts'
import { keepAlive, within } from '../server/keep-alive.ts'
import { createListener, type ListenerDeps } from '../server/listener.ts'
import { createFileServer, type FileServer, ListenError } from '../server/server.ts'
import { systemClock as clock } from '../server/system-clock.ts'
import { openCore } from './core.ts'
import { createDoors, type Doors } from './doors.ts'
import { nativeOf } from './native-parts.ts'
import { passiveHostNames } from './passive-address.ts'
import { createReloader } from './reload.ts'
import { doorAtAccept } from './settings.ts'
import { version } from './version.ts'

/** What is open, closed again in the opposite order. */
type Closers = (() => Promise<void>)[]

/** For each thing that is closed; a disk that hangs must not keep the server from ending. */
const CLOSE_MS = 10_000

/**
 * Opens what the configuration names and serves until `stop`. Keys, users and state come before the first listener, so
 * that a mistake leaves nothing half-started. Throws OperatorError or a system error.
 */
export async function startServer(config: Config): Promise<RunningServer> {
  const closers: Closers = []
  // Modes of new files and folders are decided here once, not by whoever starts the server.
  process.umask(config.files.umask)
  try {
    return await open(config, closers)
  } catch (error) {
    await closeAll(closers, () => undefined)
    throw explained(error)
  }
}

async function open(config: Config, closers: Closers): Promise<RunningServer> {
  const logger = createLogger({ file: config.log.file ?? undefined, level: config.log.level })
  closers.push(() => logger.close())
  const auditLog = createAuditLog(config.audit.file, { clock, logger })
  closers.push(() => auditLog.close())
  const audit = createAuditor(auditLog, clock)
  const core = await openCore(config, { audit, clock, logger })
  closers.push(() => core.close())
  const hosts = await watchHostAddresses(passiveHostNames(config), { clock, logger })
  closers.push(async () => hosts.close())
  const doors = createDoors(config, {
    authenticator: core.authenticator,
    audit,
    clock,
    logger,
    strictUsers: core.strictUsers,
    findHost: hosts.of,
    native: nativeOf(config),
  })
  closers.push(() => doors.close())
  const auditBehind = () => auditLog.behind
  const shared = { policy: core.policy, state: core.state, audit, auditBehind, clock, logger }
  const server = createServer(config, doors, shared)
  await server.start()
  audit.record({ type: 'server.started', version })
  const listeners = boundListeners(config, server)
  logger.info({ version, listeners }, 'serving')
  const reopen = [async () => logger.reopen(), () => auditLog.reopen()]
  const reloads = following(createReloader(config, { core, doors, audit, logger, reopen }))
  return {
    listeners,
    reload: reloads.reload,
    stop: createStop(server, config.server.drainSeconds * 1000, async () => {
      // It uses what is closed here, and what it did is told before the end is.
      await within(clock, CLOSE_MS, reloads.ended())
      audit.record({ type: 'server.stopped' })
      logger.info({}, 'stopped')
      const failures: unknown[] = []
      await closeAll(closers, (err) => {
        failures.push(err)
        logger.error({ err }, 'a part of the server could not be closed')
      })
      if (failures.length > 0) throw notClosed(failures)
    }),
  }
}

function createServer(
  config: Config,
  doors: Doors,
  shared: Omit<ListenerDeps, 'adapter' | 'caps'>,
): FileServer {
  const caps = createConnectionCaps(config.connections)
  const listeners = config.listeners.map((listener) => {
    const { name, address, port } = listener
    return createListener(
      { name, address, port, ...doorAtAccept(listener) },
      { ...shared, caps, adapter: doors.of(listener) },
    )
  })
  return createFileServer(listeners, caps, shared)
}

/** What has been begun can be waited for. */
function following(reload: RunningServer['reload']) {
  let last: Promise<unknown> = Promise.resolve()
  return {
    reload: (read: Parameters<typeof reload>[0]) => {
      const begun = reload(read)
      last = Promise.allSettled([last, begun])
      return begun
    },
    ended: () => last,
  }
}

/** The first call decides how long running transfers may go on; a later `now` ends that time. */
function createStop(server: FileServer, drainMs: number, close: () => Promise<void>): RunningServer['stop'] {
  let stopped: Promise<void> | undefined
  return (how) => {
    const drained = server.drain(how === 'now' ? 0 : drainMs)
    stopped ??= drained.then(close)
    return keepAlive(Promise.all([drained, stopped]).then(() => undefined))
  }
}

/** Closes all of them, also when one fails or hangs. */
async function closeAll(closers: Closers, failed: (error: unknown) => void): Promise<void> {
  for (const close of closers.reverse()) {
    try {
      if (!(await within(clock, CLOSE_MS, close())))
        failed(new Error(`a part did not close in ${CLOSE_MS} ms`))
    } catch (error) {
      failed(error)
    }
  }
}

function notClosed(failures: readonly unknown[]): OperatorError {
  const texts = failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)))
  return new OperatorError(
    `Stopped, but not cleanly: ${texts.join('; ')}.`,
    "Look at the disk of the server's files before the next start.",
    { cause: failures[0] },
  )
}

function boundListeners(config: Config, server: FileServer): readonly BoundListener[] {
  const ports = new Map(server.listeners.map((listener) => [listener.settings.name, listener.port]))
  return config.listeners.map((listener) => bound(listener, ports.get(listener.name) ?? listener.port))
}

function bound(listener: ListenerConfig, port: number): BoundListener {
  const { name, door, address } = listener
  const tls = listener.door === 'ftp' ? listener.tls : undefined
  return { name, door, address, port, tls, cleartext: listener.door === 'ftp' && listener.cleartext }
}

const LISTEN_REMEDIES: Readonly<Record<string, (error: ListenError) => string>> = {
  EADDRINUSE: ({ port, listener }) =>
    `Stop the program that uses it (\`ss -ltnp 'sport = :${port}'\` names it), or give listener "${listener}" another \`port\`.`,
  EACCES: () =>
    'Ports below 1024 need a privilege: choose a higher `port`, or grant CAP_NET_BIND_SERVICE to the service.',
  EMFILE: () => 'Let it have more open files: LimitNOFILE= in the service, or `ulimit -n`.',
  EADDRNOTAVAIL: ({ listener }) =>
    `Give listener "${listener}" an \`address\` of this machine; "*" stands for all of them.`,
}

const LISTEN_CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another program',
  EACCES: 'may not be opened by this account',
  EMFILE: 'cannot be opened: the limit of open files is too low',
  EADDRNOTAVAIL: 'is on an address that this machine does not have',
}

function explained(error: unknown): unknown {
  if (error instanceof ListenError) {
    const cause = LISTEN_CAUSES[error.reason] ?? `cannot be opened (${error.reason})`
    const remedy =
      LISTEN_REMEDIES[error.reason]?.(error) ?? `Correct listener "${error.listener}" in the configuration.`
    return new OperatorError(`Port ${error.port} of listener "${error.listener}" ${cause}.`, remedy, {
      cause: error,
    })
  }
  // What is wrong with it stands in its message, what to do in its cause.
  return error instanceof FileServerError ? toOperatorError(error) : error
}
