import { FileServerError } from './errors.ts'
import type { Principal, User, UserId } from './identity.ts'
import type { Clock, StateStore, UserDirectory } from './ports.ts'
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

export type LiveSession = Readonly<{ principal: Principal; sinceMs: number }>

/** The granted logins of this process. Ends those whose user may no longer log in. */
export type SessionRegistry = {
  /**
   * Makes the session of a grant whose place `state.openSession` has given; closing it gives the place back. Throws
   * session.draining after `endAll`, and the place is then still the caller's.
   */
  open(principal: Principal, files: VfsSession): Session
  list(): readonly LiveSession[]
  readonly count: number
  /** True after `endAll`. */
  readonly draining: boolean
  /** Ends the user's sessions; returns how many. */
  kick(user: UserId): number
  /** Ends every session and opens no more. */
  endAll(): void
  /** Stops following the user directory. */
  close(): void
}

type Entry = LiveSession & Readonly<{ controller: AbortController }>

export type SessionRegistryDeps = Readonly<{ users: UserDirectory; state: StateStore; clock: Clock }>

function mayStay(user: User | undefined, id: UserId, nowMs: number): boolean {
  if (user === undefined || user.id !== id || !user.enabled) return false
  return user.expires === undefined || nowMs < user.expires.getTime()
}

export function createSessionRegistry({ users, state, clock }: SessionRegistryDeps): SessionRegistry {
  const live = new Set<Entry>()
  let draining = false

  // The code is the one for "this connection is being closed"; the message tells the operator why.
  const end = (entry: Entry, why: string): void =>
    entry.controller.abort(new FileServerError('session.draining', why))

  const recheck = async (entry: Entry): Promise<void> => {
    const { name, user: id } = entry.principal
    try {
      if (mayStay(await users.find(name), id, clock.now())) return
      end(entry, 'The user was disabled, removed or has expired.')
    } catch {
      end(entry, 'The user could not be looked up again.')
    }
  }
  const unsubscribe = users.onChange((changed) => {
    for (const entry of live) if (changed.includes(entry.principal.user)) void recheck(entry)
  })

  const open = (principal: Principal, files: VfsSession): Session => {
    if (draining) throw new FileServerError('session.draining')
    const entry = { principal, sinceMs: clock.now(), controller: new AbortController() }
    live.add(entry)
    // The record may have changed between the decision and now, when nobody listened for this session yet.
    void recheck(entry)
    let closed: Promise<void> | undefined
    const close = (): Promise<void> => {
      live.delete(entry)
      closed ??= state.closeSession(principal.origin.session)
      return closed
    }
    return { principal, files, ended: entry.controller.signal, close }
  }

  return {
    open,
    list: () => [...live].map(({ principal, sinceMs }) => ({ principal, sinceMs })),
    get count() {
      return live.size
    },
    get draining() {
      return draining
    },
    kick: (user) => {
      const hit = [...live].filter((entry) => entry.principal.user === user)
      for (const entry of hit) end(entry, 'The session was ended by the operator.')
      return hit.length
    },
    endAll: () => {
      draining = true
      for (const entry of live) end(entry, 'The server is stopping.')
    },
    close: unsubscribe,
  }
}
