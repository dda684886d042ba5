import type { MaybePromise } from '../core/maybe-promise.ts'
import type { Clock } from '../core/ports.ts'
import { ROOT, type VirtualPath } from '../core/vfs/path.ts'
import type { VfsSession } from '../core/vfs/session.ts'
import type { BodyReader } from './codec.ts'
import type { HandleTable } from './handles.ts'
import type { Reply } from './replies.ts'
import type { ReplyPool } from './reply-pool.ts'
import type { TurnTask } from './turn-end.ts'

/** What every request of a channel works with. */
export type ChannelContext = Readonly<{
  files: VfsSession
  handles: HandleTable
  pool: ReplyPool
  handlesPerChannel: number
  clock: Clock
  /** Throws when the channel is ending: whatever takes long asks before each step. */
  checkOpen(): void
  /** Aborted when the channel is ending; made for who waits for it. */
  readonly signal: AbortSignal
  /** Another request stands right behind this one. */
  moreComing(): boolean
  /** Does it once, when all that arrived together with this request has been looked at. */
  atTurnEnd(task: TurnTask): void
}>

export type Request = Readonly<{
  id: number
  /** Stands after the id (and, for an extension, after its name). */
  body: BodyReader
  context: ChannelContext
}>

/** Throws or rejects with FileServerError; the channel turns that into a STATUS. */
export type Run = (request: Request) => MaybePromise<Reply>

/**
 * `alone`: after all earlier requests and before all later ones. `handle`: in order among those of its handle.
 * `read`, `write`: as `handle`, but reads run beside each other, and so do writes; what order these have among
 * themselves is up to the handle.
 */
export type Order = 'alone' | 'handle' | 'read' | 'write'

export type RequestRow = Readonly<{
  name: string
  type: number
  /** May change something on the storage. */
  writes: boolean
  order: Order
  /** Bytes that the reply may take, where that is much and the request does not say it. */
  replyRoom?: number
  run: Run
}>

export type ExtensionRow = Readonly<{
  name: string
  /** As advertised in the VERSION packet. */
  version: string
  writes: boolean
  run: Run
}>

/** The next field as a path. Relative paths start at the user's root: there is no other working directory. */
export function readPath({ body, context }: Pick<Request, 'body' | 'context'>): VirtualPath {
  const text = body.text()
  return text === '' ? ROOT : context.files.resolve(ROOT, text)
}
