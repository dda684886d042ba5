import type { ServerChannel } from 'ssh2'
import { errorCodeOf, FileServerError } from '../core/errors.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { Clock } from '../core/ports.ts'
import { isStorageTrouble, StorageTroubles } from '../core/storage-troubles.ts'
import type { VfsSession } from '../core/vfs/session.ts'
import type { SftpChannelHost } from './channel-host.ts'
import { ChannelOutput } from './channel-output.ts'
import { HandleTable } from './handles.ts'
import { MAX_IN_FLIGHT, REQUEST_COST } from './limits.ts'
import { RequestOrder } from './order.ts'
import { handleOf, type ParsedRequest, replyRoomOf } from './parse.ts'
import { failure, failureOf, type Reply } from './replies.ts'
import type { ReplyPool } from './reply-pool.ts'
import type { ChannelContext } from './request.ts'
import { RequestSource } from './request-source.ts'
import { type ChannelInput, takeInput } from './ssh-input.ts'
import { createPacketWriter } from './ssh-packets.ts'
import type { TurnTask } from './turn-end.ts'

/** One SFTP conversation. A class, as all it is made of: thousands of them are idle. */
export class SftpChannel implements ChannelContext, ChannelInput, TurnTask {
  readonly handles: HandleTable
  readonly #host: SftpChannelHost
  readonly #channel: ServerChannel
  readonly #source: RequestSource
  readonly #output: ChannelOutput
  readonly #order = new RequestOrder()
  readonly #stopListening: () => void
  /** Since the last time that the connection was told. */
  #worked = false
  #ended = false
  #troubles: StorageTroubles | undefined
  #pumping = false
  #yielding = false
  #disposing: Promise<void> | undefined
  #ending: AbortController | undefined
  #idle: (() => void) | undefined

  /** `window`: what the peer may send before it is worked off. */
  constructor(host: SftpChannelHost, channel: ServerChannel, window: number) {
    const { client, gate, onDead } = host
    this.#host = host
    this.#channel = channel
    this.handles = new HandleTable(host.handlesPerChannel)
    this.#output = new ChannelOutput({
      writer: createPacketWriter(client, channel, host),
      ...{ burst: host.burst, gate },
      onRoom: () => this.#pump(),
      onBroken: onDead,
    })
    this.#stopListening = gate.onOpen(() => this.turnEnded())
    this.#source = new RequestSource({
      ...{ room: host.inputRoom, context: this, size: window, onDead },
      window: takeInput(client, channel, this),
      greet: (reply) => this.#output.send(reply),
    })
    channel.on('error', () => host.onViolation('channel failed'))
    channel.on('close', () => void this.dispose())
  }

  /** A file is open or a request is waiting. */
  get busy(): boolean {
    return this.working || this.handles.size > 0 || this.#source.waiting
  }

  /** A request is at the storage. */
  get working(): boolean {
    return this.#order.running > 0
  }

  // What the requests work with.

  get files(): VfsSession {
    return this.#host.files
  }

  get pool(): ReplyPool {
    return this.#host.pool
  }

  get handlesPerChannel(): number {
    return this.#host.handlesPerChannel
  }

  get clock(): Clock {
    return this.#host.clock
  }

  moreComing(): boolean {
    return this.#source.ready
  }

  atTurnEnd(task: TurnTask): void {
    this.#host.turnEnd.call(task)
  }

  checkOpen(): void {
    if (this.#disposing !== undefined) throw new FileServerError('transfer.aborted', 'channel is ending')
  }

  get signal(): AbortSignal {
    this.#ending ??= new AbortController()
    if (this.#disposing !== undefined) this.#ending.abort()
    return this.#ending.signal
  }

  // What the transport tells.

  data(bytes: Buffer, from: number, to: number, overrun: boolean): void {
    if (overrun) this.#host.onViolation('data beyond the window')
    else if (this.#disposing === undefined) {
      this.#source.push(bytes, from, to)
      this.#host.turnEnd.call(this)
    }
  }

  turnEnded(): void {
    this.#output.flush()
    this.#pump()
  }

  end(): void {
    this.#ended = true
    this.#pump()
  }

  /** Ends it: running requests finish, open files are given up. Idempotent, never rejects. */
  dispose(): Promise<void> {
    this.#stopListening()
    this.#output.close()
    return this.#stop()
  }

  /** True when a request was started and another may follow. */
  #step(): boolean {
    const head = this.#source.peek()
    const { gate, budget } = this.#host
    if (head === undefined || !gate.open(this.#output.waiting)) return false
    if (this.working && !this.#mayRunBeside(head)) return false
    if (budget.exhausted) {
      this.#yieldTurn()
      return false
    }
    this.#source.take()
    this.#start(head)
    return true
  }

  /** Beside those that are at the storage. */
  #mayRunBeside(request: ParsedRequest): boolean {
    if (this.#order.running >= MAX_IN_FLIGHT) return false
    return this.#order.mayStart(request.row?.order ?? 'alone', handleOf(request))
  }

  #yieldTurn(): void {
    if (this.#yielding) return
    this.#yielding = true
    this.#host.budget.renewed(() => {
      this.#yielding = false
      this.#pump()
    })
  }

  #start(request: ParsedRequest): void {
    const { budget } = this.#host
    this.#worked = true
    const result = this.#run(request)
    if (result instanceof Promise) {
      // It may be answered in this turn all the same; its bytes are moved elsewhere.
      budget.spend(REQUEST_COST)
      this.#wait(request, result)
      return
    }
    budget.spend(REQUEST_COST + request.cost + result.bytes.length)
    this.#answer(request, result)
  }

  /** A request that does not answer at once: until it does, `order` and `gate` know of it. */
  #wait(request: ParsedRequest, result: Promise<Reply>): void {
    this.#order.start(request.row?.order ?? 'alone', handleOf(request))
    this.#host.gate.hold(replyRoomOf(request))
    result.then(
      (reply) => this.#complete(request, reply),
      (error: unknown) => this.#complete(request, this.#refusal(request, error)),
    )
  }

  #run(request: ParsedRequest): MaybePromise<Reply> {
    const { row } = request
    if (row === undefined) return failure(request.id, 'protocol.unknown')
    try {
      return row.run(request)
    } catch (error) {
      return this.#refusal(request, error)
    }
  }

  #refusal({ row, id }: ParsedRequest, error: unknown): Reply {
    if (errorCodeOf(error) === 'internal')
      this.#host.logger.error({ request: row?.name, err: error }, 'SFTP request failed')
    else if (isStorageTrouble(error)) this.#troubled(row?.name, error)
    return failureOf(id, error)
  }

  #troubled(request: string | undefined, error: unknown): void {
    const { files, logger } = this.#host
    const { name, origin } = files.principal
    this.#troubles ??= new StorageTroubles()
    this.#troubles.tell(logger, { session: origin.session, user: name, request }, error)
  }

  #answer(request: ParsedRequest, reply: Reply): void {
    this.#output.send(reply)
    this.#source.workedOff(request)
  }

  #complete(request: ParsedRequest, reply: Reply): void {
    const { gate, turnEnd, progress } = this.#host
    this.#order.finish(request.row?.order ?? 'alone', handleOf(request))
    gate.drop(replyRoomOf(request))
    this.#answer(request, reply)
    if (!this.working) this.#idle?.()
    turnEnd.call(this)
    turnEnd.call(progress)
  }

  #pump(): void {
    if (this.#pumping || this.#disposing !== undefined) return
    this.#pumping = true
    try {
      while (this.#step()) {
        // Each step starts one request.
      }
    } catch (error) {
      this.#end(1, errorCodeOf(error))
    } finally {
      this.#pumping = false
    }
    this.#output.flush()
    if (this.#worked) {
      this.#worked = false
      this.#host.progress.turnEnded()
    }
    if (this.#ended && !this.#source.pending && !this.working) this.#end(0)
  }

  /** Says the exit status, which OpenSSH waits for, and closes the channel from this side. */
  #end(status: number, why?: string): void {
    if (this.#disposing !== undefined) return
    const { logger, onDead } = this.#host
    if (why !== undefined) logger.info({ code: why }, 'SFTP channel ended for a malformed packet')
    void this.#stop()
    this.#output.finish(() => {
      this.#stopListening()
      try {
        this.#channel.exit(status)
        this.#channel.end()
      } catch (error) {
        onDead(error)
      }
    })
  }

  /** No more requests; those that run finish, what they answered is still sent. */
  #stop(): Promise<void> {
    this.#disposing ??= this.#giveUp()
    return this.#disposing
  }

  async #giveUp(): Promise<void> {
    this.#source.close()
    this.#ending?.abort()
    if (this.working) await new Promise<void>((resolve) => (this.#idle = resolve))
    await this.handles.abandon()
    this.#host.progress.turnEnded()
  }
}
