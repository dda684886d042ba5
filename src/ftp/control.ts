import { errorCodeOf, type FileServerError } from '../core/errors.ts'
import type { Session } from '../core/sessions.ts'
import { StorageTroubles } from '../core/storage-troubles.ts'
import type { Connection } from '../server/adapter.ts'
import { CommandLoop, type LoopHost } from './command-loop.ts'
import { Conduct, type ConductHost } from './conduct.ts'
import type { ControlOptions } from './control-options.ts'
import { replyForError } from './error-map.ts'
import { FtpSession, type SessionHost } from './ftp-session.ts'
import { greetingOf } from './hosts.ts'
import type { LineItem } from './line-reader.ts'
import { closing, type Reply, reply } from './replies.ts'
import { reportForeign, reportInternal, reportLimit, type SessionLimit } from './report.ts'
import type { Death, Transfer } from './session.ts'
import { SessionTimers, type TimerEvents } from './session-timers.ts'
import { SessionWatch } from './session-watch.ts'
import type { FtpDeps } from './settings.ts'
import type { Introduction, TlsEngine } from './tls.ts'
import { createTransfer } from './transfer.ts'
import { Wire, type WireEvents } from './wire.ts'

/** A client that does not close after our last reply is cut after this time. */
const GOODBYE_MS = 5_000

type Roles = Connection & LoopHost & SessionHost & WireEvents & TimerEvents & ConductHost

/** One control connection from greeting to close. A class, as all it is made of: thousands of them are idle. */
export class Control implements Roles {
  readonly wire: Wire
  readonly conduct: Conduct
  readonly ftp: FtpSession
  readonly done: Promise<void>
  ended = false
  readonly #deps: FtpDeps
  readonly #engine: TlsEngine
  readonly #loop: CommandLoop
  readonly #watch: SessionWatch
  readonly #timers: SessionTimers
  readonly #finish: () => void
  #troubles: StorageTroubles | undefined
  #gone = false
  #inputEnded = false
  /** Said, and the connection closed, as soon as the running command is through. */
  #endWith: Reply | undefined

  constructor(options: ControlOptions) {
    const { deps, engine, socket } = options
    const { promise, resolve } = Promise.withResolvers<void>()
    this.done = promise
    this.#finish = resolve
    this.#deps = deps
    this.#engine = engine
    this.ftp = new FtpSession(options, this)
    const { settings, clock } = this.ftp
    this.#loop = new CommandLoop(this)
    this.conduct = new Conduct(clock, settings, this)
    this.#watch = new SessionWatch((why) => this.#sessionEnded(why))
    this.#timers = new SessionTimers(clock, settings, this)
    this.wire = new Wire(socket, { maxLineBytes: settings.maxLineBytes, net: options.net }, this)
    this.#loop.run(this.#greet())
  }

  get busy(): boolean {
    return this.#loop.running
  }

  get authenticated(): boolean {
    return this.ftp.login.session !== undefined
  }

  close(how: 'draining' | 'now'): void {
    if (how === 'draining') this.#endSoon(replyForError('session.draining'))
    else {
      this.ftp.transfer?.abort()
      this.wire.destroy()
    }
  }

  // What the wire tells.

  item(item: LineItem): void {
    if (this.ended) return
    if (item.kind === 'flood') {
      this.limited('ftp.maxLineBytes')
      this.#hangUp(closing(421, 'Too much input; closing.'))
    } else this.#loop.push(item)
  }

  /** A client that died says the same on both connections; without this half an upload would look whole. */
  clientDied(): Death {
    const end = this.wire.peerEnd
    if (end === 'none' || this.#loop.has('QUIT')) return 'no'
    const { transfer } = this.ftp
    if (transfer?.outlives !== true) return end === 'here' ? 'yes' : 'unsure'
    transfer.note.unconfirmed = true
    return 'no'
  }

  end(): void {
    this.#inputEnded = true
    const { transfer } = this.ftp
    if (!this.#loop.has('QUIT') && transfer?.outlives !== true) transfer?.abort()
    this.#loop.pump()
  }

  gone(): void {
    this.#gone = true
    this.ended = true
    this.#loop.clear()
    this.ftp.transfer?.abort()
    this.ftp.data.close()
    this.ftp.stall.stop()
    this.#timers.stop()
    if (!this.#loop.running) void this.#release()
  }

  // What the commands need.

  /** On its own: simple clients (aria2, snarf) wait in vain for a 226 that one read brings behind the 150. */
  say(preliminary: Reply): void {
    this.wire.send(preliminary)
    this.wire.flush()
    if (this.ftp.transfer !== undefined) this.ftp.transfer.opened = true
    this.#loop.opened()
  }

  begin(verb: string): Transfer {
    const transfer = createTransfer(verb, this.ftp.stall)
    this.ftp.transfer = transfer
    // The control connection may have been lost while the commands before were running.
    if (this.ended) transfer.abort()
    return transfer
  }

  settle(answer: Reply): Promise<void> | void {
    this.ftp.transfer = undefined
    if (answer.after === 'tls') return this.#upgrade(answer)
    if (answer.after === 'close') return this.#hangUp(answer)
    this.wire.send(answer)
    if (this.conduct.overdone(answer.code)) this.#hangUp(closing(421, 'Too many mistakes; closing.'))
  }

  through(): boolean {
    this.ftp.transfer = undefined
    if (this.#gone) void this.#release()
    else if (this.#endWith !== undefined) this.#hangUp(this.#endWith)
    else {
      this.#timers.active()
      return true
    }
    return false
  }

  drained(): void {
    if (this.#inputEnded) this.#hangUp(undefined)
  }

  foreign(protocol: string): void {
    reportForeign(this.#deps, this.ftp.origin, protocol)
  }

  report(error: unknown): void {
    reportInternal(this.#deps, this.ftp.origin, error)
  }

  troubled(verb: string, error: unknown): void {
    const { origin, login } = this.ftp
    this.#troubles ??= new StorageTroubles()
    const about = { session: origin.session, user: login.session?.principal.name, command: verb }
    this.#troubles.tell(this.#deps.logger, about, error)
  }

  limited(limit: SessionLimit): void {
    const { origin, login } = this.ftp
    reportLimit(this.#deps, origin, login.session?.principal.name, limit)
  }

  granted(session: Session): void {
    this.#timers.loggedIn()
    this.#watch.watch(session)
  }

  loggedOut(): void {
    this.#timers.loggedOut()
  }

  // What ends a connection.

  idle(): void {
    if (this.#loop.running) this.#timers.active()
    else {
      this.limited('ftp.idleSeconds')
      this.#hangUp(replyForError('session.idle'))
    }
  }

  graceOver(): void {
    this.limited('login.graceSeconds')
    this.#endSoon(closing(421, 'Login took too long; closing.'))
  }

  #sessionEnded(why: FileServerError): void {
    const answer = replyForError(why.code)
    this.#endSoon(answer.after === 'close' ? answer : closing(421, 'Session ended by the server; closing.'))
    this.ftp.transfer?.abort()
  }

  #endSoon(last: Reply): void {
    if (this.#loop.running) this.#endWith ??= last
    else this.#hangUp(last)
  }

  #hangUp(last: Reply | undefined): void {
    if (this.ended) return
    this.ended = true
    this.#loop.clear()
    this.#timers.stop()
    if (last !== undefined) this.wire.send(last)
    this.wire.end()
    // The client's end must be read to be seen.
    this.wire.resume()
    const cut = this.ftp.clock.timer(GOODBYE_MS, () => this.wire.destroy())
    void this.done.then(() => cut.cancel())
  }

  async #release(): Promise<void> {
    this.#watch.stop()
    try {
      await this.ftp.login.close()
    } catch (error) {
      this.report(error)
    }
    this.#finish()
  }

  async #greet(): Promise<void> {
    const { ftp } = this
    if (ftp.settings.tls === 'implicit') {
      await this.#upgrade(undefined)
      if (this.#gone) return
      ftp.data.protection = 'P'
    }
    this.wire.send(reply(220, ...greetingOf(ftp.settings, ftp.origin.host)))
  }

  async #upgrade(last: Reply | undefined): Promise<void> {
    const { ftp, wire } = this
    wire.pause()
    // What came in clear behind AUTH would be taken for the client's words inside TLS (CVE-2011-0411).
    if (!wire.clean || this.#loop.waiting > 0)
      return this.#hangUp(closing(421, 'Unexpected data before TLS; closing.'))
    const peer = this.#engine.forControl(ftp.origin.host)
    let introduction: Introduction
    try {
      introduction = peer.introduce(await wire.upgrade(peer, last))
    } catch (error) {
      ftp.logger.info({ session: ftp.origin.session, err: error }, 'TLS handshake failed')
      if (errorCodeOf(error) === 'session.idle') this.limited('tls.handshakeSeconds')
      return wire.destroy()
    }
    await ftp.secured(peer, introduction)
  }
}
