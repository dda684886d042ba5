import type { Socket } from 'node:net'
import type { ErrorCode } from '../core/errors.ts'
import type { Origin } from '../core/identity.ts'

/** A running connection as the server sees it. */
export type Connection = {
  /** Resolves when socket, session and every handle of the connection are gone. Never rejects. */
  readonly done: Promise<void>
  /** A transfer or command is under way; a drain waits for it. */
  readonly busy: boolean
  /** Past the login: no longer counted as unauthenticated. */
  readonly authenticated: boolean
  /** Ends the connection as soon as it is not busy (`draining`) or at once (`now`); idempotent. */
  close(how: 'draining' | 'now'): void
}

/** A door. It takes over the socket: reading, writing, errors and destruction. */
export type ProtocolAdapter = {
  serve(socket: Socket, origin: Origin): Connection
  /** Says `code` in the door's own words, if it can before a login, and closes. */
  refuse(socket: Socket, code: ErrorCode): void
  close(): Promise<void>
}
