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
  /** Why the server ended the session (the user may no longer log in, shutdown); undefined while it goes on. */
  readonly ended: FileServerError | undefined
  /** Calls `listener` once when the session ends, at once if it has; a second listener replaces the first. */
  onEnded(listener: (why: FileServerError) => void): void
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

/** One granted login. An AbortSignal would be nicer and costs a session 1 KiB. */
class LiveLogin implements Session, LiveSession {
  readonly principal: Principal
  readonly files: VfsSession
  readonly sinceMs: number
  ended: FileServerError | undefined
  /** When the user may no longer be here though nothing was changed. */
  until = Number.POSITIVE_INFINITY
  readonly #leave: (login: LiveLogin) => Promise<void>
  #listener: ((why: FileServerError) => void) | undefined
  #closed: Promise<void> | undefined

  constructor(
    principal: Principal,
    files: VfsSession,
    sinceMs: number,
    leave: (login: LiveLogin) => Promise<void>,
  ) {
    this.principal = principal
    this.files = files
    this.sinceMs = sinceMs
    this.#leave = leave
  }

  onEnded(listener: (why: FileServerError) => void): void {
    this.#listener = listener
    if (this.ended !== undefined) listener(this.ended)
  }

  end(why: string): void {
    if (this.ended !== undefined) return
    // The code is the one for "this connection is being closed"; the message tells the operator why.
    this.ended = new FileServerError('session.draining', why)
    this.#listener?.(this.ended)
  }

  close(): Promise<void> {
    this.#closed ??= this.#leave(this)
    this.#listener = undefined
    return this.#closed
  }
}

/** One timer for all logins: it rings when the first of them is over. */
class EndClock {
  readonly #clock: Clock
  readonly #due: () => void
  #timer: Timer | undefined
  #at = Number.POSITIVE_INFINITY

  constructor(clock: Clock, due: () => void) {
    this.#clock = clock
    this.#due = due
  }

  ring(at: number): void {
    if (at >= this.#at) return
    this.stop()
    this.#at = at
    const wait = Math.min(at - this.#clock.now(), LONGEST_TIMER_MS)
    this.#timer = this.#clock.timer(wait, () => {
      this.stop()
      this.#due()
    })
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#at = Number.POSITIVE_INFINITY
  }
}

export function createSessionRegistry({ users, state, policy, clock }: SessionRegistryDeps): SessionRegistry {
  const live = new Set<LiveLogin>()
  let draining = false

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

  const recheck = async (login: LiveLogin): Promise<void> => {
    try {
      const user = await users.find(login.principal.name)
      const why = objection(user, login.principal)
      if (why !== undefined) return login.end(`The user may no longer be logged in: ${why}.`)
      if (user === undefined || !live.has(login) || login.ended !== undefined) return
      login.until = endOf(user, login.principal.origin)
      ends.ring(login.until)
    } catch {
      login.end('The user could not be looked up again.')
    }
  }
  const recheckAll = (): void => {
    for (const login of live) void recheck(login)
  }
  const ends = new EndClock(clock, () => {
    const now = clock.now()
    for (const login of live) {
      if (login.until <= now) void recheck(login)
      else if (login.ended === undefined) ends.ring(login.until)
    }
  })
  const unsubscribe = users.onChange((changed) => {
    for (const login of live) if (changed.includes(login.principal.user)) void recheck(login)
  })
  const leave = (login: LiveLogin): Promise<void> => {
    live.delete(login)
    if (live.size === 0) ends.stop()
    return state.closeSession(login.principal.origin.session)
  }

  return {
    open: (principal, files) => {
      if (draining) throw new FileServerError('session.draining')
      const login = new LiveLogin(principal, files, clock.now(), leave)
      live.add(login)
      // The record may have changed between the decision and now, when nobody listened for this session yet.
      void recheck(login)
      return login
    },
    list: () => [...live].map(({ principal, sinceMs }) => ({ principal, sinceMs })),
    get count() {
      return live.size
    },
    get draining() {
      return draining
    },
    kick: (user) => {
      const hit = [...live].filter((login) => login.principal.user === user)
      for (const login of hit) login.end('The session was ended by the operator.')
      return hit.length
    },
    recheck: recheckAll,
    endAll: () => {
      draining = true
      for (const login of live) login.end('The server is stopping.')
    },
    close: () => {
      unsubscribe()
      ends.stop()
    },
  }
}
