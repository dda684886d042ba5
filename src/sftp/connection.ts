import type { Socket } from 'node:net'
import type { ServerChannel, Connection as SshClient } from 'ssh2'
import type { Auditor } from '../core/audit/auditor.ts'
import type { Authenticator } from '../core/auth/login.ts'
import type { Origin } from '../core/identity.ts'
import type { Clock, Logger } from '../core/ports.ts'
import type { Session } from '../core/sessions.ts'
import type { Connection } from '../server/adapter.ts'
import { type AuthConversation, CAN_PROVE, converse } from './auth.ts'
import { createSftpChannel, type SftpChannel } from './channel.ts'
import type { NativeCiphers } from './ciphers/native-crypto.ts'
import { DISCONNECT, type DisconnectCode, disconnectCodeOf } from './error-map.ts'
import { createHandleTable } from './handles.ts'
import { offerHostKeys } from './host-key-update.ts'
import { type HostKey, offeredSignatures } from './host-keys.ts'
import { createInputRoom, type InputPools } from './input-queue.ts'
import { LINGER_MS } from './limits.ts'
import { createOutputGate, type OutputGate } from './output-gate.ts'
import { takeReads } from './reads.ts'
import type { ReplyPool } from './reply-pool.ts'
import { serveSessions } from './sessions.ts'
import type { SftpSettings } from './settings.ts'
import { guardSocket, type SocketGuard } from './socket-guard.ts'
import { tellSignatures } from './ssh-ext-info.ts'
import { type Transport, transportOf } from './ssh-internals.ts'
import { takeKeyExchanges } from './ssh-kex.ts'
import { answerLateRequests } from './ssh-requests.ts'
import { namesOf, type TermsOf } from './terms.ts'
import { type SessionTimers, startTimers, type Traffic } from './timers.ts'
import { createTurnBudget } from './turn-budget.ts'
import { createTurnEnd } from './turn-end.ts'

export type ConnectionOptions = Readonly<{
  authenticator: Authenticator
  audit: Auditor
  clock: Clock
  logger: Logger
  settings: SftpSettings
  hostKeys: readonly HostKey[]
  termsOf: TermsOf
  pool: ReplyPool
  inputPools: InputPools
  /** All connections read into it, one after the other. */
  readBuffer: Buffer
  native: NativeCiphers | undefined
}>

/** `attach` is called once the peer has said that it speaks SSH, and with which software. */
export type SshConnection = Connection & { attach(client: SshClient, software: string): void }

export function createConnection(socket: Socket, origin: Origin, options: ConnectionOptions): SshConnection {
  const { clock, logger, settings } = options
  const channels = new Set<SftpChannel>()
  const budget = createTurnBudget()
  const turnEnd = createTurnEnd()
  const traffic: Traffic = { bytes: 0 }
  const inputRoom = createInputRoom(options.inputPools)
  let transport: Transport | undefined
  let conversation: AuthConversation | undefined
  let session: Session | undefined
  let timers: SessionTimers | undefined
  let draining = false
  let ending = false

  const grace = clock.timer(settings.loginGraceMs, () => end(DISCONNECT.byApplication))
  const done = new Promise<void>((resolve) => {
    socket.once('close', () => {
      ending = true
      grace.cancel()
      timers?.cancel()
      void cleanUp().then(resolve)
    })
  })

  // A peer that shut its side down, or that ssh2 gave up on, must not keep the descriptor.
  socket.once('finish', () => socket.destroySoon())
  socket.on('error', (error) => logger.debug({ session: origin.session, error }, 'SSH socket failed'))

  async function cleanUp(): Promise<void> {
    await conversation?.settled()
    await Promise.all([...channels].map((channel) => channel.dispose()))
    try {
      await session?.close()
    } catch (error) {
      logger.error({ session: origin.session, error }, 'session did not close')
    }
  }

  function end(reason: DisconnectCode): void {
    if (ending) return
    ending = true
    try {
      transport?.disconnect(reason)
    } catch {
      // The transport is dead already; closing the socket is all that is left.
    }
    // Nothing that still comes counts.
    socket.pause()
    socket.destroySoon()
    const force = clock.timer(LINGER_MS, () => socket.destroy())
    socket.once('close', () => force.cancel())
  }

  function audited(): Auditor {
    const { session: id, listener, remoteIp } = origin
    return options.audit.with({ session: id, door: 'sftp', listener, remoteIp })
  }

  function noteExcepted(algorithms: readonly string[]): void {
    if (algorithms.length > 0) audited().record({ type: 'connection.excepted', algorithms })
  }

  function violation(why: string): void {
    if (ending) return
    audited().record({ type: 'session.error', code: 'protocol.syntax', detail: why })
    end(DISCONNECT.protocolError)
  }

  function progress(): void {
    timers?.active()
    if (draining && !isBusy()) end(DISCONNECT.byApplication)
  }

  const isBusy = (): boolean => [...channels].some((channel) => channel.busy)

  function attach(client: SshClient, software: string): void {
    client.on('error', (error: unknown) => {
      logger.debug({ session: origin.session, error }, 'SSH transport failed')
      end(DISCONNECT.protocolError)
    })
    if (ending) return
    const ssh = transportOf(client, options.native)
    transport = ssh
    const terms = options.termsOf(origin.remoteIp, clock.now(), software)
    takeKeyExchanges(client, {
      lists: terms.lists,
      hostKey: offeredSignatures(options.hostKeys, terms.lists.hostKey),
      onExtInfo: () => tellSignatures(client, terms.lists.signature),
      onUnmatched: (unmatched) =>
        audited().record({ type: 'connection.unmatched', client: software, ...unmatched }),
    })
    const told = { ...origin, client: software, crypto: '' }
    client.once('handshake', (agreed) => {
      told.crypto = `${agreed.kex} ${agreed.cs.cipher}`
      noteExcepted(namesOf(agreed).filter((name) => terms.excepted.has(name)))
    })
    offerHostKeys(client, options.hostKeys)
    answerLateRequests(client)
    const guard = guardSocket({
      ...{ socket, transport: ssh, input: inputRoom, channels: settings.channelsPerConnection },
      onViolation: violation,
    })
    const gate = createOutputGate(socket, ssh)
    client.on('rekey', gate.wake)
    conversation = converse({
      client,
      login: options.authenticator.open(told, CAN_PROVE),
      maxRequests: settings.authRequestsPerConnection,
      keyRules: { signatures: terms.lists.signature, minRsaBits: terms.minRsaBits },
      onGranted: (granted) => welcome({ client, ssh, guard, gate, granted }),
      onRefused(cause) {
        if (cause !== undefined)
          logger.error({ session: origin.session, error: cause }, 'login failed inside')
        end(DISCONNECT.noMoreMethods)
      },
    })
  }

  function welcome(parts: {
    client: SshClient
    ssh: Transport
    guard: SocketGuard
    gate: OutputGate
    granted: Session
  }): void {
    const { client, ssh, guard, gate, granted } = parts
    session = granted
    grace.cancel()
    if (ending) return
    const moved = (bytes: number): void => {
      traffic.bytes += bytes
      timers?.moved()
    }
    socket.on('data', (bytes: Buffer) => moved(bytes.length))
    takeReads({
      ...{ socket, client, turnEnd, buffer: options.readBuffer },
      onRead(bytes) {
        guard.received(bytes)
        moved(bytes)
      },
    })
    timers = startTimers({
      clock,
      settings,
      socket,
      client,
      transport: ssh,
      traffic,
      working: () => [...channels].some((channel) => channel.working),
      onRekey: guard.goOn,
      onIdle: () => end(DISCONNECT.byApplication),
      onDead: () => socket.destroy(),
    })
    granted.onEnded((why) => end(disconnectCodeOf(why.code)))
    serveSessions({
      client,
      transport: ssh,
      limit: settings.channelsPerConnection,
      logger,
      onSftp: (channel, window) => openChannel({ client, channel, window, gate, granted }),
    })
  }

  function openChannel(parts: {
    client: SshClient
    channel: ServerChannel
    window: number
    gate: OutputGate
    granted: Session
  }): void {
    const { handlesPerChannel } = settings
    const { client, channel, window, gate, granted } = parts
    const handles = createHandleTable(handlesPerChannel)
    const sftp = createSftpChannel({
      client,
      channel,
      socket,
      window,
      gate,
      budget,
      turnEnd,
      traffic,
      logger,
      inputRoom,
      context: { files: granted.files, handles, pool: options.pool, handlesPerChannel, clock },
      onProgress: progress,
      onViolation: violation,
    })
    channels.add(sftp)
    channel.once('close', () => void sftp.dispose().then(() => channels.delete(sftp)))
  }

  return {
    done,
    get busy() {
      return isBusy()
    },
    get authenticated() {
      return session !== undefined
    },
    attach,
    close(how) {
      if (how === 'now') return end(DISCONNECT.byApplication)
      draining = true
      progress()
    },
  }
}
