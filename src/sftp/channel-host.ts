import type { Socket } from 'node:net'
import type { Connection as SshClient } from 'ssh2'
import type { Clock, Logger } from '../core/ports.ts'
import type { VfsSession } from '../core/vfs/session.ts'
import type { Burst } from './burst.ts'
import type { InputRoom } from './input-queue.ts'
import type { OutputGate } from './output-gate.ts'
import type { ReplyPool } from './reply-pool.ts'
import type { NativeSend } from './socket-output.ts'
import type { Traffic } from './timers.ts'
import type { TurnBudget } from './turn-budget.ts'
import type { TurnEnd, TurnTask } from './turn-end.ts'

/** What the channels of a connection have together. */
export type SftpChannelHost = Readonly<{
  client: SshClient
  socket: Socket
  files: VfsSession
  pool: ReplyPool
  burst: Burst
  handlesPerChannel: number
  clock: Clock
  inputRoom: InputRoom
  gate: OutputGate
  budget: TurnBudget
  turnEnd: TurnEnd
  traffic: Traffic
  native: NativeSend | undefined
  logger: Logger
  /** To be told when requests came in or were finished. */
  progress: TurnTask
  /** The peer broke the rules of the transport: the connection has to end. */
  onViolation: (why: string) => void
  /** Nothing can be sent any more, which a peer that has left is no reason to complain about. */
  onDead: (cause: unknown) => void
}>
