import { randomBytes } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import type { Auditor } from '../core/audit/auditor.ts'
import { addressKey } from '../core/auth/throttle.ts'
import { asSessionId, type Door, type Origin } from '../core/identity.ts'
import { canonicalAddress, zoneOf } from '../core/net.ts'
import type { DenyReason, Policy } from '../core/policy/decide.ts'
import type { Clock, Logger, StateStore } from '../core/ports.ts'
import type { ProtocolAdapter } from './adapter.ts'
import type { ConnectionCaps } from './connection-caps.ts'

export type ListenerSettings = Readonly<{
  name: string
  /** `*` listens on every address, IPv6 and IPv4 alike. */
  address: string
  /** 0 takes a free port. */
  port: number
  /** Of a connection at accept: a listener with implicit TLS starts encrypted, one with explicit TLS does not. */
  door: Door
  encrypted: boolean
}>

export type ListenerDeps = Readonly<{
  adapter: ProtocolAdapter
  policy: Policy
  state: StateStore
  caps: ConnectionCaps
  audit: Auditor
  /** The audit log can keep no more: see AuditLog. */
  auditBehind: () => boolean
  clock: Clock
  logger: Logger
}>

export type Listener = {
  readonly settings: ListenerSettings
  /** The port in use, once `start` has resolved. */
  readonly port: number
  /** Rejects with the system's error (EADDRINUSE, EACCES …). */
  start(): Promise<void>
  /** Stops accepting; running connections go on. */
  stop(): Promise<void>
}

/** Pending connections the kernel may hold; bursts of reconnecting devices are common. */
const BACKLOG = 1024

/**
 * Owns one listening socket: accept, address policy and caps come before any byte of a protocol is read or written,
 * alike on every door.
 */
export function createListener(settings: ListenerSettings, deps: ListenerDeps): Listener {
  const behind = createBehind(settings, deps)
  const server: Server = createServer({ noDelay: true }, (socket) => {
    // A socket that fails while the policy is asked must not end the process; the adapter adds its own listener.
    socket.on('error', () => socket.destroy())
    accept(socket, settings, { ...deps, behind, stopping: () => !server.listening }).catch(
      (error: unknown) => {
        deps.logger.error({ err: error, listener: settings.name }, 'connection could not be set up')
        socket.destroy()
      },
    )
  })
  server.on('error', (error) => deps.logger.error({ err: error, listener: settings.name }, 'listener failed'))
  return {
    settings,
    get port() {
      const address = server.address()
      return typeof address === 'object' && address !== null ? address.port : settings.port
    },
    start: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        const host = settings.address === '*' ? {} : { host: settings.address }
        server.listen({ port: settings.port, backlog: BACKLOG, ...host }, () => {
          server.off('error', reject)
          resolve()
        })
      }),
    stop: () =>
      new Promise((resolve) => {
        if (server.listening) server.close(() => resolve())
        else resolve()
        // `close` waits for running connections, which end in their own time; accepting has stopped already.
        resolve()
      }),
  }
}

type AcceptDeps = ListenerDeps & Readonly<{ stopping: () => boolean; behind: () => boolean }>

/** Whether the audit log can keep no more; tells the operator once each time that it begins, as clients try again and again. */
function createBehind({ name }: ListenerSettings, { auditBehind, logger }: ListenerDeps): () => boolean {
  let told = false
  return () => {
    const behind = auditBehind()
    if (behind && !told)
      logger.error({ listener: name }, 'connections are refused: the audit log cannot be written')
    told = behind
    return behind
  }
}

async function accept(socket: Socket, settings: ListenerSettings, deps: AcceptDeps): Promise<void> {
  const origin = originOf(socket, settings)
  if (origin === undefined) return void socket.destroy()
  const audit = deps.audit.with({
    session: origin.session,
    door: origin.door,
    listener: origin.listener,
    remoteIp: origin.remoteIp,
  })
  const refused = (reason: DenyReason) => audit.record({ type: 'connection.refused', reason })

  // Unsaid in the audit, which could not keep it either.
  if (deps.behind()) return deps.adapter.refuse(socket, 'session.limit')
  const now = deps.clock.now()
  const addressLockedUntil = await deps.state.lockedUntil(addressKey(origin.remoteIp), now)
  if (socket.destroyed) return
  // Accepted just before the listener was closed: nobody who drains would know of it.
  if (deps.stopping()) return deps.adapter.refuse(socket, 'session.draining')
  const decision = deps.policy.decide(
    { stage: 'connection', origin, addressLockedUntil, user: undefined, userLockedUntil: 0, proven: [] },
    new Date(now),
  )
  if (!decision.allow) {
    refused(decision.reason)
    return void socket.destroy()
  }
  const passed = deps.caps.exceeded(origin.remoteIp)
  if (passed !== undefined) {
    refused('too-many-connections')
    deps.logger.warn({ remoteIp: origin.remoteIp, limit: `connections.${passed}` }, 'connection over a limit')
    return deps.adapter.refuse(socket, 'session.limit')
  }

  audit.record({ type: 'connection.opened' })
  const connection = deps.adapter.serve(socket, origin)
  deps.caps.add(origin, connection)
  const since = deps.clock.monotonic()
  void connection.done.then(() =>
    audit.record({ type: 'connection.closed', durationMs: Math.round(deps.clock.monotonic() - since) }),
  )
}

/** Undefined when the client has gone already: a reset socket has no addresses. */
function originOf(socket: Socket, settings: ListenerSettings): Origin | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket
  const remoteIp = canonicalAddress(remoteAddress ?? '')
  const localIp = canonicalAddress(localAddress ?? '')
  const zone = zoneOf(localAddress ?? '')
  if (remoteIp === undefined || localIp === undefined) return undefined
  if (remotePort === undefined || localPort === undefined) return undefined
  return {
    session: asSessionId(randomBytes(9).toString('base64url')),
    door: settings.door,
    remoteIp,
    remotePort,
    localIp,
    localPort,
    ...(zone !== undefined && { zone }),
    listener: settings.name,
    encrypted: settings.encrypted,
  }
}
