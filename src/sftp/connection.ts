import type { Socket } from 'node:net'
import type { ServerChannel, Connection as SshClient } from 'ssh2'
import type { Auditor } from '../core/audit/auditor.ts'
import type { Authenticator } from '../core/auth/login.ts'
import { errorCodeOf } from '../core/errors.ts'
import type { Origin } from '../core/identity.ts'
import type { Clock, Logger, Timer } from '../core/ports.ts'
import type { Session } from '../core/sessions.ts'
import type { Connection } from '../server/adapter.ts'
import { type AuthConversation, CAN_PROVE, converse } from './auth.ts'
import type { Burst } from './burst.ts'
import { SftpChannel } from './channel.ts'
import type { NativeCiphers } from './ciphers/native-crypto.ts'
import { DISCONNECT, type DisconnectCode, disconnectCodeOf } from './error-map.ts'
import { offerHostKeys } from './host-key-update.ts'
import type { HostKey } from './host-keys.ts'
import { createInputRoom, type InputPools, type InputRoom } from './input-queue.ts'
import { KexAllowance } from './kex-allowance.ts'
import { LINGER_MS } from './limits.ts'
import { OutputGate } from './output-gate.ts'
import { Reads } from './reads.ts'
import type { ReplyPool } from './reply-pool.ts'
import { serveSessions } from './sessions.ts'
import type { SftpSettings } from './settings.ts'
import { SocketGuard } from './socket-guard.ts'
import type { NativeSend } from './socket-output.ts'
import { boundMessages } from './ssh-bounds.ts'
import { tellSignatures } from './ssh-ext-info.ts'
import { type Transport, transportOf } from './ssh-internals.ts'
import { type Offers, takeKeyExchanges } from './ssh-kex.ts'
import { orderLogin } from './ssh-login-order.ts'
import { answerLateRequests, keepEarlyWindows } from './ssh-requests.ts'
import { answerUnknown } from './ssh-unknown.ts'
import { namesOf, type TermsOf } from './terms.ts'
import { SessionTimers, type Traffic } from './timers.ts'
import { TurnBudget } from './turn-budget.ts'
import { TurnEnd, type TurnTask } from './turn-end.ts'

export type ConnectionOptions = Readonly<{
  authenticator: Authenticator
  audit: Auditor
  clock: Clock
  logger: Logger
  settings: SftpSettings
  hostKeys: readonly HostKey[]
  termsOf: TermsOf
  offers: Offers
  pool: ReplyPool
  burst: Burst
  inputPools: InputPools
  /** All connections read into it, one after the other. */
  readBuffer: Buffer
  native: (NativeCiphers & NativeSend) | undefined
}>

/** What a login makes into a session. */
type Parts = Readonly<{
  client: SshClient
  transport: Transport
  reads: Reads
  room: InputRoom
  guard: SocketGuard
  gate: OutputGate
}>

/** `attach` is called once the peer has said that it speaks SSH, and with which software. */
export type SshConnection = Connection & { attach(client: SshClient, software: string): void }

export function createConnection(socket: Socket, origin: Origin, options: ConnectionOptions): SshConnection {
  return new OpenConnection(socket, origin, options)
}

/** A class, as all that it keeps after the login: thousands of them are idle. */
class OpenConnection implements SshConnection, TurnTask {
  readonly done: Promise<void>
  readonly #socket: Socket
  readonly #origin: Origin
  readonly #options: ConnectionOptions
  readonly #channels = new Set<SftpChannel>()
  #transport: Transport | undefined
  /** Until the login is granted. */
  #conversation: AuthConversation | undefined
  #grace: Timer | undefined
  #session: Session | undefined
  #timers: SessionTimers | undefined
  #draining = false
  #ending = false

  constructor(socket: Socket, origin: Origin, options: ConnectionOptions) {
    const { clock, logger, settings } = options
    this.#socket = socket
    this.#origin = origin
    this.#options = options
    this.#grace = clock.timer(settings.loginGraceMs, () => this.#end(DISCONNECT.byApplication))
    const { promise, resolve } = Promise.withResolvers<void>()
    this.done = promise
    socket.once('close', () => {
      this.#ending = true
      this.#grace?.cancel()
      this.#timers?.cancel()
      void this.#cleanUp().then(resolve)
    })
    // A peer that shut its side down, or that ssh2 gave up on, must not keep the descriptor.
    socket.once('finish', () => socket.destroySoon())
    socket.on('error', (error) => logger.debug({ session: origin.session, err: error }, 'SSH socket failed'))
  }

  get busy(): boolean {
    return [...this.#channels].some((channel) => channel.busy)
  }

  get authenticated(): boolean {
    return this.#session !== undefined
  }

  close(how: 'draining' | 'now'): void {
    if (how === 'now') this.#end(DISCONNECT.byApplication)
    else {
      this.#draining = true
      this.turnEnded()
    }
  }

  attach(client: SshClient, software: string): void {
    const { logger, clock, settings, audit } = this.#options
    const origin = this.#origin
    client.on('error', (error: unknown) => {
      logger.debug({ session: origin.session, err: error }, 'SSH transport failed')
      this.#end(DISCONNECT.protocolError)
    })
    if (this.#ending) return
    const reads = new Reads(this.#socket, this.#options.readBuffer)
    const transport = transportOf(client, this.#options.native)
    this.#transport = transport
    const terms = this.#options.termsOf(origin.remoteIp, clock.now(), software)
    boundMessages(client, {
      allowance: new KexAllowance({ clock, socket: this.#socket }),
      onViolation: (why) => this.#violation(why),
    })
    answerUnknown(client)
    takeKeyExchanges(client, {
      lists: terms.lists,
      offers: this.#options.offers,
      onExtInfo: () => tellSignatures(client, terms.lists.signature),
      onUnmatched: (unmatched) =>
        this.#audited(audit).record({ type: 'connection.unmatched', client: software, ...unmatched }),
    })
    const noteExcepted = (algorithms: readonly string[]) =>
      this.#audited(audit).record({ type: 'connection.excepted', algorithms })
    const told = { ...origin, client: software, crypto: '' }
    client.once('handshake', (agreed) => {
      told.crypto = `${agreed.kex} ${agreed.cs.cipher}`
      const algorithms = namesOf(agreed).filter((name) => terms.excepted.has(name))
      if (algorithms.length > 0) noteExcepted(algorithms)
    })
    offerHostKeys(client, this.#options.hostKeys)
    answerLateRequests(client)
    keepEarlyWindows(client)
    orderLogin(client, (why) => this.#violation(why))
    const room = createInputRoom(this.#options.inputPools)
    const guard = new SocketGuard({
      ...{ socket: this.#socket, transport, input: room, channels: settings.channelsPerConnection },
      onViolation: (why) => this.#violation(why),
    })
    const gate = new OutputGate(this.#socket, transport)
    client.on('rekey', gate.wake)
    this.#conversation = converse({
      client,
      login: this.#options.authenticator.open(told, CAN_PROVE),
      maxRequests: settings.authRequestsPerConnection,
      promptsAtOnce: settings.promptsAtOnce,
      keyRules: { signatures: terms.lists.signature, minRsaBits: terms.minRsaBits },
      usualKeyRules: terms.usualKeys,
      onExcepted: noteExcepted,
      onGranted: (granted) => this.#welcome({ client, transport, reads, room, guard, gate }, granted),
      onRefused: (cause) => {
        if (cause !== undefined) logger.error({ session: origin.session, err: cause }, 'login failed inside')
        this.#end(DISCONNECT.noMoreMethods)
      },
    })
  }

  /** Requests came in or were finished. */
  turnEnded(): void {
    this.#timers?.active()
    if (this.#draining && !this.busy) this.#end(DISCONNECT.byApplication)
  }

  #welcome(parts: Parts, granted: Session): void {
    const { client, transport, reads, room, guard, gate } = parts
    const { settings, clock, logger, pool, burst } = this.#options
    const socket = this.#socket
    this.#session = granted
    this.#conversation = undefined
    this.#grace?.cancel()
    this.#grace = undefined
    if (this.#ending) return
    const traffic: Traffic = { bytes: 0 }
    const turnEnd = new TurnEnd()
    const timers = new SessionTimers({
      ...{ clock, settings, socket, client, transport, traffic },
      onRekey: () => guard.goOn(),
      working: () => [...this.#channels].some((channel) => channel.working),
      onIdle: () => this.#end(DISCONNECT.byApplication),
      onDead: () => socket.destroy(),
    })
    this.#timers = timers
    socket.on('data', (bytes: Buffer) => timers.moved(bytes.length))
    const budget = new TurnBudget()
    reads.share({ client, turnEnd, budget, guard, timers })
    granted.onEnded((why) => this.#end(disconnectCodeOf(why.code)))
    const host = {
      ...{ client, socket, pool, burst, clock, gate, logger, turnEnd, budget, traffic, inputRoom: room },
      files: granted.files,
      native: this.#options.native,
      handlesPerChannel: settings.handlesPerChannel,
      progress: this,
      onViolation: (why: string) => this.#violation(why),
      onDead: (cause: unknown) => this.#dead(cause),
    }
    serveSessions({
      ...{ client, transport, logger },
      limit: settings.channelsPerConnection,
      onSftp: (channel, window) => this.#open(new SftpChannel(host, channel, window), channel),
    })
  }

  #open(sftp: SftpChannel, channel: ServerChannel): void {
    this.#channels.add(sftp)
    channel.once('close', () => void sftp.dispose().then(() => this.#channels.delete(sftp)))
  }

  async #cleanUp(): Promise<void> {
    await this.#conversation?.settled()
    this.#conversation?.leave()
    await Promise.all([...this.#channels].map((channel) => channel.dispose()))
    try {
      await this.#session?.close()
    } catch (error) {
      this.#options.logger.error({ session: this.#origin.session, err: error }, 'session did not close')
    }
  }

  #end(reason: DisconnectCode): void {
    if (this.#ending) return
    this.#ending = true
    try {
      this.#transport?.disconnect(reason)
    } catch {
      // The transport is dead already; closing the socket is all that is left.
    }
    // Nothing that still comes counts, nor what came and waits.
    for (const channel of this.#channels) void channel.dispose()
    const socket = this.#socket
    socket.pause()
    socket.destroySoon()
    const force = this.#options.clock.timer(LINGER_MS, () => socket.destroy())
    socket.once('close', () => force.cancel())
  }

  #dead(cause: unknown): void {
    if (this.#ending) return
    const { logger } = this.#options
    const told = { session: this.#origin.session, err: cause }
    if (errorCodeOf(cause) === 'internal') logger.error(told, 'SSH transport failed inside')
    else logger.debug(told, 'SSH transport is dead')
    this.#end(DISCONNECT.byApplication)
  }

  #audited(audit: Auditor): Auditor {
    const { session, listener, remoteIp } = this.#origin
    return audit.with({ session, door: 'sftp', listener, remoteIp })
  }

  #violation(why: string): void {
    if (this.#ending) return
    const { audit } = this.#options
    this.#audited(audit).record({ type: 'session.error', code: 'protocol.syntax', detail: why })
    this.#end(DISCONNECT.protocolError)
  }
}
