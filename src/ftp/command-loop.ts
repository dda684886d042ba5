import { andThen, type MaybePromise } from '../core/maybe-promise.ts'
import type { Conduct } from './conduct.ts'
import { forgetPending } from './dialog.ts'
import type { Command } from './dispatch.ts'
import { type Dispatcher, dispatch, parseCommand } from './dispatch.ts'
import type { LineItem } from './line-reader.ts'
import { CommandQueue, isCommand } from './queue.ts'
import { closing, type Reply, reply } from './replies.ts'
import type { Wire } from './wire.ts'

/** Pipelined commands of one session that run before other sessions get their turn. */
const TURN_COMMANDS = 16

/** The control connection that a loop runs for. */
export type LoopHost = Dispatcher & {
  readonly wire: Wire
  readonly conduct: Conduct
  /** No further command is run. */
  readonly ended: boolean
  /** Says the answer to a command and does what it asks for. */
  settle(answer: Reply): Promise<void> | void
  /** A command is through, also the one that ended the connection; false when no other may follow. */
  through(): boolean
  /** No command waits. */
  drained(): void
}

/** Commands run one at a time, in the order in which they came. */
export class CommandLoop {
  readonly #host: LoopHost
  readonly #queue = new CommandQueue()
  #running = false
  #resting = false
  /** What is answered during a transfer waits for the client to read, or for its rate. */
  #held = false
  #turn = TURN_COMMANDS

  constructor(host: LoopHost) {
    this.#host = host
  }

  get running(): boolean {
    return this.#running
  }

  get waiting(): number {
    return this.#queue.length
  }

  push(item: LineItem): void {
    if (this.#queue.length === 0 && !this.#running && !this.#resting && !this.#host.ended) {
      this.#begin(item)
      return
    }
    this.#queue.push(item)
    if (this.#queue.length >= this.#host.ftp.settings.maxQueuedCommands) this.#host.wire.pause()
    // This one alone: a client may send thousands at once, and to look at all of them each time would take seconds.
    if (isCommand(item, 'ABOR')) this.#host.ftp.transfer?.abort()
    this.#answerAhead()
    this.pump()
  }

  clear(): void {
    this.#queue.clear()
  }

  has(verb: string): boolean {
    return this.#queue.has(verb)
  }

  /** The transfer's first reply has been said; one that is over in this turn is answered before what waits. */
  opened(): void {
    if (this.#queue.length > 0) queueMicrotask(() => this.#answerAhead())
  }

  /** Runs something that no command may overtake, such as the greeting. */
  run(work: Promise<void>): void {
    this.#running = true
    work.then(
      () => this.#next(),
      (error: unknown) => this.#failed(error),
    )
  }

  pump(): void {
    const host = this.#host
    if (this.#running || this.#resting || host.ended) return
    const item = this.#queue.shift()
    if (item === undefined) {
      this.#turn = TURN_COMMANDS
      host.drained()
      return
    }
    this.#makeRoom()
    this.#begin(item)
  }

  #begin(item: LineItem): void {
    this.#running = true
    try {
      const answer = this.#answer(item)
      if (answer instanceof Promise) this.#finishLater(answer)
      else this.#finish(answer)
    } catch (error) {
      this.#failed(error)
    }
  }

  #finishLater(answer: Promise<Reply>): void {
    const { wire, ftp } = this.#host
    if (ftp.transfer !== undefined && this.#queue.has('ABOR')) ftp.transfer.abort()
    this.#answerAhead()
    answer.then(
      (last) => wire.together(() => this.#finish(last)),
      (error: unknown) => this.#failed(error),
    )
  }

  #finish(last: Reply): void {
    try {
      const done = this.#host.settle(last)
      if (done === undefined) this.#next()
      else this.run(done)
    } catch (error) {
      this.#failed(error)
    }
  }

  /**
   * While a transfer runs NOOP and STAT at the head are answered, as far as the client reads and its rate goes; ABOR behind it
   * has ended it and is answered in its turn. A transfer that says nothing but its last reply is asked for by STAT alone.
   */
  #answerAhead(): void {
    const { ftp, wire, conduct } = this.#host
    const { transfer } = ftp
    if (transfer === undefined) return
    const now = ({ verb, argument }: Command) => {
      const when = ftp.commands.get(verb)?.duringTransfer
      return argument === '' && (when === 'any' || (when === 'opened' && transfer.opened))
    }
    const silent = ftp.commands.get(transfer.verb)?.needs === 'transfer'
    while (!this.#held && ftp.transfer === transfer && (transfer.opened || silent)) {
      if (!wire.takesMore) {
        this.#hold(0)
        continue
      }
      const command = this.#queue.shiftIf(now)
      if (command === undefined) return
      this.#makeRoom()
      andThen(dispatch(this.#host, command), (answer) => wire.send(answer))
      const wait = conduct.delay()
      if (wait > 0) this.#hold(wait)
    }
  }

  #hold(wait: number): void {
    const { wire, ftp } = this.#host
    this.#held = true
    const go = () =>
      wire.whenWritable(() => {
        this.#held = false
        this.#answerAhead()
      })
    if (wait > 0) ftp.clock.timer(wait, go)
    else go()
  }

  /** More is read when half of what may wait is through. */
  #makeRoom(): void {
    const { ftp, wire } = this.#host
    if (this.#queue.length <= ftp.settings.maxQueuedCommands / 2) wire.resume()
  }

  /** No promise where there is nothing to wait for. */
  #answer(item: LineItem): MaybePromise<Reply> {
    if (item.kind === 'line') return dispatch(this.#host, parseCommand(item.text))
    // It may be the very command for which REST or RNFR was sent; the next one is not.
    forgetPending(this.#host.ftp.dialog)
    if (item.kind === 'garbled') return reply(501, 'Command is not valid UTF-8.')
    if (this.#host.conduct.tooLong()) return closing(421, 'Too many long lines; closing.')
    return reply(500, 'Command line too long.')
  }

  #failed(error: unknown): void {
    this.#host.report(error)
    this.#host.wire.destroy()
    this.#next()
  }

  #next(): void {
    this.#running = false
    if (this.#host.through()) this.#rest()
  }

  /** Before the next command: the client has to read the replies, and others to get their turn. */
  #rest(): void {
    const { conduct, wire, ftp } = this.#host
    this.#turn -= 1
    const wait = conduct.delay()
    if (wait === 0 && this.#turn > 0 && wire.takesMore) {
      this.pump()
      return
    }
    this.#resting = true
    const go = () => wire.whenWritable(() => this.#rested())
    if (wait > 0) ftp.clock.timer(wait, go)
    else if (this.#turn > 0) go()
    else {
      this.#turn = TURN_COMMANDS
      setImmediate(go)
    }
  }

  #rested(): void {
    this.#resting = false
    this.pump()
  }
}
