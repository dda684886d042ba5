import type { Socket } from 'node:net'
import type { ServerChannel, Connection as SshClient } from 'ssh2'
import { errorCodeOf, FileServerError } from '../core/errors.ts'
import type { Logger } from '../core/ports.ts'
import type { MaybePromise } from '../core/vfs/storage.ts'
import { type ChannelOutput, createChannelOutput } from './channel-output.ts'
import { string } from './codec.ts'
import { createInputQueue, type InputRoom } from './input-queue.ts'
import { MAX_IN_FLIGHT, REQUEST_COST, WINDOW_SHARE } from './limits.ts'
import { createRequestOrder } from './order.ts'
import type { OutputGate } from './output-gate.ts'
import { type ParsedRequest, parseRequest } from './parse.ts'
import { failure, failureOf, type Reply, version } from './replies.ts'
import type { ChannelContext } from './request.ts'
import { takeInput } from './ssh-input.ts'
import { createPacketWriter } from './ssh-packets.ts'
import { EXTENSIONS, INIT, PROTOCOL_VERSION } from './table.ts'
import type { Traffic } from './timers.ts'
import type { TurnBudget } from './turn-budget.ts'
import type { TurnEnd } from './turn-end.ts'

/** One SFTP conversation. */
export type SftpChannel = {
  /** A file is open or a request is waiting. */
  readonly busy: boolean
  /** A request is at the storage. */
  readonly working: boolean
  /** Ends it: running requests finish, open files are given up. Idempotent, never rejects. */
  dispose(): Promise<void>
}

export type SftpChannelOptions = Readonly<{
  client: SshClient
  channel: ServerChannel
  socket: Socket
  window: number
  context: Omit<ChannelContext, 'atTurnEnd' | 'checkOpen' | 'moreComing'>
  inputRoom: InputRoom
  gate: OutputGate
  budget: TurnBudget
  turnEnd: TurnEnd
  traffic: Traffic
  logger: Logger
  /** A request came in or was finished. */
  onProgress: () => void
  /** The peer broke the rules of the transport, or the transport is dead: the connection has to end. */
  onViolation: (why: string) => void
}>

export function createSftpChannel(options: SftpChannelOptions): SftpChannel {
  const { channel, gate, budget, turnEnd, logger } = options
  const input = createInputQueue(options.inputRoom)
  const context: ChannelContext = {
    ...options.context,
    atTurnEnd: turnEnd.call,
    moreComing: () => input.ready,
    checkOpen() {
      if (disposing !== undefined) throw new FileServerError('transfer.aborted', 'channel is ending')
    },
  }
  const order = createRequestOrder()
  let greeted = false
  let worked = false
  let ended = false
  let pumping = false
  let yielding = false
  let head: ParsedRequest | undefined
  let disposing: Promise<void> | undefined
  let idle: (() => void) | undefined
  let credit = 0

  const output: ChannelOutput = createChannelOutput({
    writer: createPacketWriter(options.client, channel, options.socket, options.traffic),
    gate,
    onRoom: pump,
    onBroken: () => options.onViolation('transport is dead'),
  })
  const stopListening = gate.onOpen(() => {
    output.flush()
    pump()
  })

  function giveCredit(bytes: number): void {
    credit += bytes
    if (credit < options.window / WINDOW_SHARE || disposing !== undefined) return
    const amount = credit
    credit = 0
    try {
      openWindow(amount)
    } catch {
      options.onViolation('transport is dead')
    }
  }

  function next(): ParsedRequest | undefined {
    const packet = input.next()
    if (packet === undefined) return undefined
    const request = parseRequest(packet)
    if (request === undefined) {
      packet.release()
      throw new FileServerError('protocol.syntax', 'packet without an id')
    }
    const isInit = request.type === INIT
    if (isInit !== !greeted) {
      request.release()
      throw new FileServerError('protocol.sequence', 'INIT is the first packet, once')
    }
    if (!isInit) return request
    greeted = true
    output.send(
      version(
        PROTOCOL_VERSION,
        EXTENSIONS.flatMap((row) => [string(row.name), string(row.version)]),
      ),
    )
    request.release()
    giveCredit(request.cost)
    return next()
  }

  /** True when a request was started and another may follow. */
  function step(): boolean {
    head ??= next()
    if (head === undefined || order.running >= MAX_IN_FLIGHT) return false
    if (!gate.open(output.waiting) || !order.mayStart(head.row?.order ?? 'alone', head.handle)) return false
    if (budget.exhausted) {
      yieldTurn()
      return false
    }
    const request = head
    head = undefined
    start(request)
    return true
  }

  function yieldTurn(): void {
    if (yielding) return
    yielding = true
    budget.renewed(() => {
      yielding = false
      pump()
    })
  }

  function start(request: ParsedRequest): void {
    worked = true
    const result = run(request)
    if (result instanceof Promise) {
      // It may be answered in this turn all the same; its bytes are moved elsewhere.
      budget.spend(REQUEST_COST)
      wait(request, result)
      return
    }
    budget.spend(REQUEST_COST + request.cost + result.bytes.length)
    answer(request, result)
  }

  /** A request that does not answer at once: until it does, `order` and `gate` know of it. */
  function wait(request: ParsedRequest, result: Promise<Reply>): void {
    order.start(request.row?.order ?? 'alone', request.handle)
    gate.hold(request.room)
    result.then(
      (reply) => complete(request, reply),
      (error: unknown) => complete(request, refusal(request, error)),
    )
  }

  function run({ row, id, body }: ParsedRequest): MaybePromise<Reply> {
    if (row === undefined) return failure(id, 'protocol.unknown')
    try {
      return row.run({ id, body, context })
    } catch (error) {
      return refusal({ row, id }, error)
    }
  }

  function refusal({ row, id }: Pick<ParsedRequest, 'row' | 'id'>, error: unknown): Reply {
    if (errorCodeOf(error) === 'internal') logger.error({ request: row?.name, error }, 'SFTP request failed')
    return failureOf(id, error)
  }

  function answer(request: ParsedRequest, reply: Reply): void {
    request.release()
    output.send(reply)
    giveCredit(request.cost)
  }

  function complete(request: ParsedRequest, reply: Reply): void {
    order.finish(request.row?.order ?? 'alone', request.handle)
    gate.drop(request.room)
    answer(request, reply)
    if (order.running === 0) idle?.()
    // All channels: the room that a READ held may be what another one waits for.
    turnEnd.call(gate.wake)
    turnEnd.call(options.onProgress)
  }

  function pump(): void {
    if (pumping || disposing !== undefined) return
    pumping = true
    try {
      while (step()) {
        // Each step starts one request.
      }
    } catch (error) {
      end(1, errorCodeOf(error))
    } finally {
      pumping = false
    }
    output.flush()
    if (worked) {
      worked = false
      options.onProgress()
    }
    if (ended && head === undefined && order.running === 0) end(0)
  }

  /** Says the exit status, which OpenSSH waits for, and closes the channel from this side. */
  function end(status: number, why?: string): void {
    if (disposing !== undefined) return
    if (why !== undefined) logger.info({ code: why }, 'SFTP channel ended for a malformed packet')
    void stop()
    output.finish(() => {
      stopListening()
      try {
        channel.exit(status)
        channel.end()
      } catch {
        options.onViolation('transport is dead')
      }
    })
  }

  /** No more requests; those that run finish, what they answered is still sent. */
  function stop(): Promise<void> {
    disposing ??= (async () => {
      head?.release()
      head = undefined
      input.clear()
      if (order.running > 0) await new Promise<void>((resolve) => (idle = resolve))
      await context.handles.abandon()
      options.onProgress()
    })()
    return disposing
  }

  function dispose(): Promise<void> {
    stopListening()
    output.close()
    return stop()
  }

  const openWindow = takeInput(options.client, channel, {
    data(piece, overrun) {
      if (overrun) return options.onViolation('data beyond the window')
      if (disposing !== undefined) return
      input.push(piece)
      turnEnd.call(pump)
    },
    end() {
      ended = true
      pump()
    },
  })
  channel.on('error', () => options.onViolation('channel failed'))
  channel.on('close', () => void dispose())

  return {
    get busy() {
      return order.running > 0 || context.handles.size > 0 || head !== undefined || input.length > 0
    },
    get working() {
      return order.running > 0
    },
    dispose,
  }
}
