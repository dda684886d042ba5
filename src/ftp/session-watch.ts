import type { Session } from '../core/sessions.ts'

/** Hears when the server ends the session of the last login. */
export type SessionWatch = {
  watch(session: Session): void
  stop(): void
}

export function createSessionWatch(ended: (reason: unknown) => void): SessionWatch {
  let watched: Session | undefined
  const tell = () => ended(watched?.ended.reason)
  const stop = () => watched?.ended.removeEventListener('abort', tell)
  return {
    watch(session) {
      stop()
      watched = session
      session.ended.addEventListener('abort', tell, { once: true })
      if (session.ended.aborted) tell()
    },
    stop,
  }
}
