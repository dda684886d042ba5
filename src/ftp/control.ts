import { errorCodeOf, type FileServerError } from '../core/errors.ts'
import type { Session } from '../core/sessions.ts'
import type { Connection } from '../server/adapter.ts'
import { createConduct } from './conduct.ts'
import type { ControlOptions } from './control-options.ts'
import { createDataChannel } from './data-channel.ts'
import { newDialog } from './dialog.ts'
import { dispatch, parseCommand } from './dispatch.ts'
import { replyForError } from './error-map.ts'
import { greetingOf, mayChoose, withHost } from './hosts.ts'
import type { LineItem } from './line-reader.ts'
import { createLoginDialog } from './login.ts'
import { createCommandQueue } from './queue.ts'
import { closing, type Reply, reply } from './replies.ts'
import { reportInternal, reportLimit, type SessionLimit } from './report.ts'
import type { Ftp, Transfer } from './session.ts'
import { createSessionTimers } from './session-timers.ts'
import { SessionWatch } from './session-watch.ts'
import type { Introduction, TlsPeer } from './tls.ts'
import { createTransfer } from './transfer.ts'
import { createWire } from './wire.ts'

/** Pipelined commands of one session that run before other sessions get their turn. */
const TURN_COMMANDS = 16
/** A client that does not close after our last reply is cut after this time. */
const GOODBYE_MS = 5_000

/** One control connection from greeting to close: commands run one at a time, in the order in which they came. */
export function createControl({ socket, origin: first, deps, engine, commands }: ControlOptions): Connection {
  const { settings, clock, logger } = deps
  const queue = createCommandQueue()
  const finished = Promise.withResolvers<void>()
  let origin = first
  let peer: TlsPeer | undefined
  let introduction: Introduction | undefined
  let transfer: Transfer | undefined
  let running = false
  let resting = false
  let ended = false
  let gone = false
  let inputEnded = false
  let turn = TURN_COMMANDS
  /** Said, and the connection closed, as soon as the running command is through. */
  let endWith: Reply | undefined

  const wire = createWire(socket, settings.maxLineBytes, { item: onItem, end: onEnd, gone: onGone })
  const login = createLoginDialog(deps.authenticator, origin, onGranted)
  const data = createDataChannel({
    settings,
    clock,
    origin: () => origin,
    tls: () => peer,
    reuse: () => login.session?.principal.tlsReuse ?? settings.tlsReuse,
  })
  const conduct = createConduct(clock, settings, limited)
  const watch = new SessionWatch(onSessionEnded)
  const timers = createSessionTimers(clock, settings, { idle: onIdle, graceOver: onGrace })

  const ftp: Ftp = {
    settings,
    clock,
    logger,
    commands,
    login,
    data,
    dialog: newDialog(),
    crypto: () => introduction?.crypto,
    get origin() {
      return origin
    },
    get tlsOffered() {
      return engine.offered
    },
    get transfer() {
      return transfer
    },
    say: (preliminary) => wire.send(preliminary),
    async chooseHost(name) {
      const byTls = introduction?.host
      if (name !== undefined && !mayChoose(settings, byTls, name)) return false
      origin = withHost(origin, name ?? byTls)
      await login.restart(origin, introduction?.certificate)
      return true
    },
    async restart() {
      data.reset()
      ftp.dialog = newDialog()
      timers.loggedOut()
      await login.restart(origin, introduction?.certificate)
    },
  }
  const dispatcher = { ftp, begin, report }

  function report(error: unknown): void {
    reportInternal(deps, origin, error)
  }

  function limited(limit: SessionLimit): void {
    reportLimit(deps, origin, login.session?.principal.name, limit)
  }

  function onItem(item: LineItem): void {
    if (ended) return
    if (item.kind === 'flood') {
      limited('ftp.maxLineBytes')
      hangUp(closing(421, 'Too much input; closing.'))
      return
    }
    queue.push(item)
    if (queue.length >= settings.maxQueuedCommands) wire.pause()
    lookAhead()
    pump()
  }

  function onEnd(): void {
    inputEnded = true
    // A client that died says the same on both connections; without this half an upload would look whole.
    if (!queue.has('QUIT')) transfer?.abort()
    pump()
  }

  function onGone(): void {
    gone = true
    ended = true
    queue.clear()
    transfer?.abort()
    data.close()
    timers.stop()
    if (!running) void release()
  }

  async function release(): Promise<void> {
    watch.stop()
    try {
      await login.close()
    } catch (error) {
      report(error)
    }
    finished.resolve()
  }

  function pump(): void {
    if (running || resting || ended) return
    const item = queue.shift()
    if (item === undefined) {
      if (inputEnded) hangUp(undefined)
      return
    }
    if (queue.length <= settings.maxQueuedCommands / 2) wire.resume()
    running = true
    handle(item).then(next, (error) => {
      report(error)
      wire.destroy()
      next()
    })
  }

  function next(): void {
    running = false
    transfer = undefined
    if (gone) {
      void release()
    } else if (endWith !== undefined) {
      hangUp(endWith)
    } else {
      timers.active()
      rest()
    }
  }

  /** Before the next command: the client has to read the replies, and others to get their turn. */
  function rest(): void {
    resting = true
    turn -= 1
    const wait = conduct.delay()
    const go = () => wire.whenWritable(rested)
    if (wait > 0) clock.timer(wait, go)
    else if (turn > 0) go()
    else {
      turn = TURN_COMMANDS
      setImmediate(go)
    }
  }

  function rested(): void {
    resting = false
    pump()
  }

  async function handle(item: LineItem): Promise<void> {
    if (item.kind === 'garbled') return settle(reply(501, 'Command is not valid UTF-8.'))
    if (item.kind !== 'line') {
      if (conduct.tooLong()) return hangUp(closing(421, 'Too many long lines; closing.'))
      return settle(reply(500, 'Command line too long.'))
    }
    const answering = dispatch(dispatcher, parseCommand(item.text))
    lookAhead()
    await settle(await answering)
  }

  async function settle(answer: Reply): Promise<void> {
    transfer = undefined
    if (answer.after === 'tls') return upgrade(answer)
    if (answer.after === 'close') return hangUp(answer)
    wire.send(answer)
    if (conduct.overdone(answer.code)) hangUp(closing(421, 'Too many mistakes; closing.'))
  }

  function begin(verb: string): Transfer {
    transfer = createTransfer(verb)
    // The control connection may have been lost while the commands before were running.
    if (ended) transfer.abort()
    return transfer
  }

  /** While a transfer runs: ABOR behind it ends it (and answers in its turn); NOOP and STAT at the head are answered. */
  function lookAhead(): void {
    if (transfer === undefined) return
    if (queue.has('ABOR')) transfer.abort()
    const now = ({ verb, argument }: { verb: string; argument: string }) =>
      argument === '' && commands.get(verb)?.duringTransfer === true
    for (let command = queue.shiftIf(now); command !== undefined; command = queue.shiftIf(now)) {
      conduct.delay()
      void dispatch(dispatcher, command).then((answer) => wire.send(answer))
    }
  }

  async function upgrade(last: Reply | undefined): Promise<void> {
    wire.pause()
    // What came in clear behind AUTH would be taken for the client's words inside TLS (CVE-2011-0411).
    if (!wire.clean || queue.length > 0) return hangUp(closing(421, 'Unexpected data before TLS; closing.'))
    const accepting = engine.forControl(origin.host)
    try {
      introduction = accepting.introduce(await wire.upgrade(accepting, last))
    } catch (error) {
      logger.info({ session: origin.session, err: error }, 'TLS handshake failed')
      if (errorCodeOf(error) === 'session.idle') limited('tls.handshakeSeconds')
      return wire.destroy()
    }
    peer = accepting
    origin = withHost({ ...origin, door: 'ftps', encrypted: true }, introduction.host ?? origin.host)
    await ftp.restart()
  }

  async function greet(): Promise<void> {
    if (settings.tls === 'implicit') {
      await upgrade(undefined)
      if (gone) return
      data.protection = 'P'
    }
    wire.send(reply(220, ...greetingOf(settings, origin.host)))
  }

  function onGranted(session: Session): void {
    timers.loggedIn()
    watch.watch(session)
  }

  function onSessionEnded(why: FileServerError): void {
    const answer = replyForError(why.code)
    endSoon(answer.after === 'close' ? answer : closing(421, 'Session ended by the server; closing.'))
    transfer?.abort()
  }

  function onIdle(): void {
    if (running) timers.active()
    else {
      limited('ftp.idleSeconds')
      hangUp(replyForError('session.idle'))
    }
  }

  function onGrace(): void {
    limited('login.graceSeconds')
    endSoon(closing(421, 'Login took too long; closing.'))
  }

  function endSoon(last: Reply): void {
    if (running) endWith ??= last
    else hangUp(last)
  }

  function hangUp(last: Reply | undefined): void {
    if (ended) return
    ended = true
    queue.clear()
    timers.stop()
    if (last !== undefined) wire.send(last)
    wire.end()
    // The client's end must be read to be seen.
    wire.resume()
    const cut = clock.timer(GOODBYE_MS, () => wire.destroy())
    void finished.promise.then(() => cut.cancel())
  }

  running = true
  greet().then(next, (error) => {
    report(error)
    wire.destroy()
    next()
  })

  return {
    done: finished.promise,
    get busy() {
      return running
    },
    get authenticated() {
      return login.session !== undefined
    },
    close(how) {
      if (how === 'draining') return endSoon(replyForError('session.draining'))
      transfer?.abort()
      wire.destroy()
    },
  }
}
