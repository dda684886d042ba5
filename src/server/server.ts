import type { Clock, Logger } from '../core/ports.ts'
import type { ConnectionCaps } from './connection-caps.ts'
import { keepAlive, within } from './keep-alive.ts'
import type { Listener } from './listener.ts'

export type FileServer = {
  readonly listeners: readonly Listener[]
  /** All listeners or none: the first that cannot listen closes the others and is thrown as ListenError. */
  start(): Promise<void>
  /**
   * Stops accepting, lets running transfers end, and closes whatever is left after `deadlineMs`. Resolves even if a
   * connection never ends; that is logged.
   */
  drain(deadlineMs: number): Promise<void>
}

/** How long connections have that were closed at once: their handles must be given back. */
const LAST_WAIT_MS = 10_000

/** A listener could not be opened; `reason` is the system's error code, such as EADDRINUSE. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
  readonly listener: string
  readonly address: string
  readonly port: number
  readonly reason: string

  constructor(listener: Listener, cause: unknown) {
    super(`listener ${listener.settings.name} could not be opened`, { cause })
    this.listener = listener.settings.name
    this.address = listener.settings.address
    this.port = listener.settings.port
    this.reason = errnoOf(cause)
  }
}

function errnoOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? code : 'UNKNOWN'
}

export function createFileServer(
  listeners: readonly Listener[],
  caps: ConnectionCaps,
  { clock, logger }: { clock: Clock; logger: Logger },
): FileServer {
  async function stopAccepting(): Promise<void> {
    await Promise.all(listeners.map((listener) => listener.stop()))
  }
  async function drain(deadlineMs: number): Promise<void> {
    await stopAccepting()
    const running = [...caps.all()]
    if (running.length > 0) logger.info({ connections: running.length }, 'draining')
    const allDone = Promise.all(running.map((connection) => connection.done))
    for (const connection of running) connection.close('draining')
    await within(clock, deadlineMs, allDone)
    for (const connection of caps.all()) connection.close('now')
    if (await within(clock, LAST_WAIT_MS, allDone)) return
    for (const session of caps.sessions())
      logger.error({ session }, 'the connection was closed and does not end')
  }
  return {
    listeners,
    async start() {
      for (const listener of listeners) {
        try {
          await listener.start()
        } catch (error) {
          await stopAccepting()
          throw new ListenError(listener, error)
        }
      }
    },
    drain: (deadlineMs) => keepAlive(drain(deadlineMs)),
  }
}
