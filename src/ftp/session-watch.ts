import type { FileServerError } from '../core/errors.ts'
import type { Session } from '../core/sessions.ts'

/** Hears when the server ends the session of the last login. */
export class SessionWatch {
  readonly #ended: (why: FileServerError) => void
  #watched: Session | undefined

  constructor(ended: (why: FileServerError) => void) {
    this.#ended = ended
  }

  watch(session: Session): void {
    this.#watched = session
    session.onEnded((why) => {
      if (this.#watched === session) this.#ended(why)
    })
  }

  stop(): void {
    this.#watched = undefined
  }
}
