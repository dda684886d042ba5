import type { Principal } from './identity.ts'
import type { VfsSession } from './vfs/session.ts'

/** A granted login. Its owner (the adapter's connection) closes it exactly once; close is idempotent. */
export type Session = {
  readonly principal: Principal
  readonly files: VfsSession
  /** Aborted with a FileServerError when the server ends the session: user disabled or removed, shutdown. */
  readonly ended: AbortSignal
  /** Releases the session's place in the caps. Open handles must be closed or aborted before. */
  close(): Promise<void>
}
