import { FileServerError } from './errors.ts'
import type { Origin, Principal, User, UserId } from './identity.ts'
import type { Policy } from './policy/decide.ts'
import { plaintextEndMs } from './policy/sunset.ts'
import type { Clock, StateStore, Timer, UserDirectory } from './ports.ts'
import type { VfsSession } from './vfs/session.ts'

/** A granted login. Its owner (the adapter's connection) closes it exactly once; close is idempotent. */
export type Session = {
  readonly principal: Principal
  readonly files: VfsSession
  /** Aborted with a FileServerError when the server ends the session: the user may no longer log in, shutdown. */
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
  /** Asks the policy about every session again; to be called when its settings have changed. */
  recheck(): void
  /** Ends every session and opens no more. */
  endAll(): void
  /** Stops following the user directory and the clock. */
  close(): void
}

type Entry = LiveSession & { readonly controller: AbortController; timer: Timer | undefined }

export type SessionRegistryDeps = Readonly<{
  users: UserDirectory
  state: StateStore
  policy: Policy
  clock: Clock
}>

/** setTimeout knows no longer times than 2^31 - 1 ms; a session that lasts longer is simply asked about once more. */
const LONGEST_TIMER_MS = 86_400_000

/** The moment from which the user may no longer be here though nothing was changed. */
function endOf({ expires, sunset, anonymous }: User, { encrypted }: Origin): number {
  const account = expires?.getTime() ?? Number.POSITIVE_INFINITY
  return encrypted || anonymous || sunset === undefined ? account : Math.min(account, plaintextEndMs(sunset))
}

export function createSessionRegistry({ users, state, policy, clock }: SessionRegistryDeps): SessionRegistry {
  const live = new Set<Entry>()
  let draining = false

  // The code is the one for "this connection is being closed"; the message tells the operator why.
  const end = (entry: Entry, why: string): void => {
    entry.timer?.cancel()
    entry.controller.abort(new FileServerError('session.draining', why))
  }

  /** Undefined when the session may go on. A lock keeps others from guessing; it does not throw out who is in. */
  const objection = (user: User | undefined, { user: id, origin }: Principal): string | undefined => {
    if (user === undefined || user.id !== id) return 'unknown-user'
    const facts = {
      stage: 'identify',
      origin,
      user,
      proven: [],
      addressLockedUntil: 0,
      userLockedUntil: 0,
    } as const
    const decision = policy.decide(facts, new Date(clock.now()))
    return decision.allow ? undefined : decision.reason
  }

  const watch = (entry: Entry, user: User): void => {
    entry.timer?.cancel()
    if (!live.has(entry) || entry.controller.signal.aborted) return
    const last = endOf(user, entry.principal.origin)
    if (last === Number.POSITIVE_INFINITY) return
    entry.timer = clock.timer(Math.min(last - clock.now(), LONGEST_TIMER_MS), () => void recheck(entry))
  }

  const recheck = async (entry: Entry): Promise<void> => {
    try {
      const user = await users.find(entry.principal.name)
      const why = objection(user, entry.principal)
      if (why !== undefined) end(entry, `The user may no longer be logged in: ${why}.`)
      else if (user !== undefined) watch(entry, user)
    } catch {
      end(entry, 'The user could not be looked up again.')
    }
  }
  const recheckAll = (): void => {
    for (const entry of live) void recheck(entry)
  }
  const unsubscribe = users.onChange((changed) => {
    for (const entry of live) if (changed.includes(entry.principal.user)) void recheck(entry)
  })

  const open = (principal: Principal, files: VfsSession): Session => {
    if (draining) throw new FileServerError('session.draining')
    const entry: Entry = {
      principal,
      sinceMs: clock.now(),
      controller: new AbortController(),
      timer: undefined,
    }
    live.add(entry)
    // The record may have changed between the decision and now, when nobody listened for this session yet.
    void recheck(entry)
    let closed: Promise<void> | undefined
    const close = (): Promise<void> => {
      live.delete(entry)
      entry.timer?.cancel()
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
    recheck: recheckAll,
    endAll: () => {
      draining = true
      for (const entry of live) end(entry, 'The server is stopping.')
    },
    close: () => {
      unsubscribe()
      for (const entry of live) entry.timer?.cancel()
    },
  }
}
