import type { Clock, Logger } from '../core/ports.ts'
import type { ConnectionCaps } from './connection-caps.ts'
import type { Listener } from './listener.ts'

export type FileServer = {
  readonly listeners: readonly Listener[]
  /** All listeners or none: the first that cannot listen closes the others and is thrown as ListenError. */
  start(): Promise<void>
  /** Stops accepting, lets running transfers end, and closes whatever is left after `deadlineMs`. */
  drain(deadlineMs: number): Promise<void>
}

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
    async drain(deadlineMs) {
      await stopAccepting()
      const running = [...caps.all()]
      if (running.length > 0) logger.info({ connections: running.length }, 'draining')
      const allDone = Promise.all(running.map((connection) => connection.done))
      for (const connection of running) connection.close('draining')
      const deadline = new AbortController()
      await Promise.race([allDone, clock.sleep(deadlineMs, deadline.signal).catch(() => undefined)])
      deadline.abort()
      for (const connection of caps.all()) connection.close('now')
      await allDone
    },
  }
}
