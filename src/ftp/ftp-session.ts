import type { ClientCertificate } from '../core/auth/login.ts'
import type { Origin, TlsReuse } from '../core/identity.ts'
import type { Clock, Logger } from '../core/ports.ts'
import type { Session } from '../core/sessions.ts'
import type { ControlOptions } from './control-options.ts'
import { DataChannel } from './data-channel.ts'
import type { DescriptorNet } from './descriptor-net.ts'
import { newDialog } from './dialog.ts'
import { mayChoose, withHost } from './hosts.ts'
import { type LineEnds, SCRIPT_LINE_ENDS } from './line-ends.ts'
import { LoginDialog } from './login.ts'
import type { Reply } from './replies.ts'
import type { Death, Dialog, Ftp, Row, Transfer } from './session.ts'
import type { FtpSettings } from './settings.ts'
import { StallWatch } from './stall.ts'
import type { Introduction, TlsEngine, TlsPeer } from './tls.ts'
import { verifiedCertificate } from './tls-client.ts'

/** The control connection behind a session. */
export type SessionHost = {
  say(reply: Reply): void
  clientDied(): Death
  granted(session: Session): void
  loggedOut(): void
}

/** What one control connection knows of its client. */
export class FtpSession implements Ftp {
  readonly settings: FtpSettings
  readonly clock: Clock
  readonly logger: Logger
  readonly commands: ReadonlyMap<string, Row>
  readonly lineEnds: LineEnds
  readonly login: LoginDialog
  readonly data: DataChannel
  readonly stall: StallWatch
  readonly net: DescriptorNet | undefined
  origin: Origin
  transfer: Transfer | undefined
  dialog: Dialog = newDialog()
  /** Undefined in clear. */
  peer: TlsPeer | undefined
  readonly #engine: TlsEngine
  readonly #host: SessionHost
  #introduction: Introduction | undefined

  constructor({ deps, origin, engine, commands, net }: ControlOptions, host: SessionHost) {
    this.settings = deps.settings
    this.clock = deps.clock
    this.logger = deps.logger
    this.commands = commands
    this.lineEnds = deps.native ?? SCRIPT_LINE_ENDS
    this.origin = origin
    this.#engine = engine
    this.#host = host
    this.login = new LoginDialog(deps.authenticator, origin, (session) => host.granted(session))
    this.net = net
    this.data = new DataChannel(this)
    this.stall = new StallWatch(deps.clock, deps.settings)
  }

  get tlsOffered(): boolean {
    return this.#engine.offered
  }

  get reuse(): TlsReuse {
    return this.login.session?.principal.tlsReuse ?? this.settings.tlsReuse
  }

  get openEnded(): boolean {
    return this.settings.openEnded(this.origin.remoteIp, this.clock.now())
  }

  get #certificate(): ClientCertificate | undefined {
    return verifiedCertificate(this.#introduction?.certificate)
  }

  crypto(): string | undefined {
    return this.#introduction?.crypto
  }

  say(preliminary: Reply): void {
    this.#host.say(preliminary)
  }

  clientDied(): Death {
    return this.#host.clientDied()
  }

  async chooseHost(name: string | undefined): Promise<boolean> {
    const byTls = this.#introduction?.host
    if (name !== undefined && !mayChoose(this.settings, byTls, name)) return false
    this.origin = withHost(this.origin, name ?? byTls)
    await this.login.restart(this.origin, this.#certificate)
    return true
  }

  async nameClient(client: string): Promise<void> {
    if (this.login.begun) return
    this.origin = { ...this.origin, client }
    await this.login.restart(this.origin, this.#certificate)
  }

  async restart(): Promise<void> {
    this.data.reset()
    this.dialog = newDialog()
    this.#host.loggedOut()
    await this.login.restart(this.origin, this.#certificate)
  }

  /** The control connection goes on inside TLS: what was said in clear counts no more. */
  async secured(peer: TlsPeer, introduction: Introduction): Promise<void> {
    this.peer = peer
    this.#introduction = introduction
    const host = introduction.host ?? this.origin.host
    const { crypto, certificate } = introduction
    if (certificate?.flaw !== undefined)
      this.logger.info({ session: this.origin.session, certificate }, 'client certificate counts for nothing')
    const origin = { ...this.origin, door: 'ftps', encrypted: true, ...(crypto && { crypto }) } as const
    this.origin = withHost(origin, host)
    await this.restart()
  }
}
