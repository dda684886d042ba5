import type { Authenticator, ClientCertificate, Login, LoginStep } from '../core/auth/login.ts'
import type { Factor, Origin } from '../core/identity.ts'
import type { Session } from '../core/sessions.ts'
import { replyForError } from './error-map.ts'
import { type Reply, reply } from './replies.ts'

/** What PASS and ACCT can carry. */
export const CAN_PROVE: ReadonlySet<Factor> = new Set(['password', 'totp'])

const ALREADY_INSIDE = reply(503, 'Already logged in; use REIN first.')

type Waiting = 'user' | 'password' | 'account' | 'nothing'

/** RFC 959 section 5.4: USER, PASS and ACCT as faces of the core's login conversation. */
export class LoginDialog {
  readonly #authenticator: Authenticator
  readonly #granted: (session: Session) => void
  /** Not needed any more once it has granted. */
  #login: Login | undefined
  #session: Session | undefined
  #waiting: Waiting = 'user'
  #byCertificate = false

  constructor(authenticator: Authenticator, origin: Origin, granted: (session: Session) => void) {
    this.#authenticator = authenticator
    this.#granted = granted
    this.#login = authenticator.open(origin, CAN_PROVE)
  }

  get session(): Session | undefined {
    return this.#session
  }

  /** A name was said that still waits for its proofs, or has them. */
  get begun(): boolean {
    return this.#waiting !== 'user'
  }

  async user(name: string): Promise<Reply> {
    if (this.#login === undefined) return ALREADY_INSIDE
    this.#waiting = 'user'
    const step = await this.#login.begin(name)
    const first = this.#answer(step)
    this.#byCertificate = step.state === 'granted'
    return this.#byCertificate ? reply(232, 'Logged in by certificate; no password needed.') : first
  }

  async password(secret: string): Promise<Reply> {
    if (this.#waiting === 'nothing') return this.#byCertificate ? reply(202, 'Not needed.') : ALREADY_INSIDE
    if (this.#waiting !== 'password' || this.#login === undefined) return reply(503, 'Send USER first.')
    return this.#answer(await this.#login.offer({ factor: 'password', secret }))
  }

  async account(code: string): Promise<Reply> {
    if (this.#waiting === 'nothing') return reply(202, 'Not needed.')
    if (this.#waiting !== 'account' || this.#login === undefined)
      return reply(503, 'Send USER and PASS first.')
    return this.#answer(await this.#login.offer({ factor: 'totp', code: code.trim() }))
  }

  /** Forgets what was proven and starts anew from `origin`; closes the session if there is one. */
  async restart(origin: Origin, certificate: ClientCertificate | undefined): Promise<void> {
    this.#login?.leave()
    this.#login = this.#authenticator.open(origin, CAN_PROVE, certificate)
    this.#waiting = 'user'
    await this.close()
  }

  async close(): Promise<void> {
    this.#login?.leave()
    const old = this.#session
    this.#session = undefined
    await old?.close()
  }

  #answer(step: LoginStep): Reply {
    switch (step.state) {
      case 'granted':
        this.#session = step.session
        this.#login = undefined
        this.#waiting = 'nothing'
        this.#granted(step.session)
        return reply(230, 'Logged in.')
      case 'denied': {
        this.#waiting = 'user'
        const refusal = replyForError(step.code)
        return step.disconnect ? { ...refusal, after: 'close' } : refusal
      }
      case 'more':
        if (step.next.includes('password')) {
          this.#waiting = 'password'
          return reply(331, 'Password required.')
        }
        if (step.next.includes('totp')) {
          this.#waiting = 'account'
          return reply(332, 'Verification code required; send it with ACCT.')
        }
        // What is left starts with something else than a password; it looks like any other name.
        this.#waiting = 'password'
        return reply(331, 'Password required.')
    }
  }
}
