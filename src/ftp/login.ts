import type { Authenticator, ClientCertificate, Login, LoginStep } from '../core/auth/login.ts'
import type { Factor, Origin } from '../core/identity.ts'
import type { Session } from '../core/sessions.ts'
import { replyForError } from './error-map.ts'
import { type Reply, reply } from './replies.ts'

/** RFC 959 section 5.4: USER, PASS and ACCT as faces of the core's login conversation. */
export type LoginDialog = {
  readonly session: Session | undefined
  user(name: string): Promise<Reply>
  password(secret: string): Promise<Reply>
  account(code: string): Promise<Reply>
  /** Forgets what was proven and starts anew from `origin`; closes the session if there is one. */
  restart(origin: Origin, certificate: ClientCertificate | undefined): Promise<void>
  close(): Promise<void>
}

/** What PASS and ACCT can carry. */
export const CAN_PROVE: ReadonlySet<Factor> = new Set(['password', 'totp'])

type Waiting = 'user' | 'password' | 'account' | 'nothing'

export function createLoginDialog(
  authenticator: Authenticator,
  origin: Origin,
  granted: (session: Session) => void,
): LoginDialog {
  let login: Login = authenticator.open(origin, CAN_PROVE)
  let session: Session | undefined
  let waiting: Waiting = 'user'
  let byCertificate = false

  function answer(step: LoginStep): Reply {
    switch (step.state) {
      case 'granted':
        session = step.session
        waiting = 'nothing'
        granted(step.session)
        return reply(230, 'Logged in.')
      case 'denied': {
        waiting = 'user'
        const refusal = replyForError(step.code)
        return step.disconnect ? { ...refusal, after: 'close' } : refusal
      }
      case 'more':
        if (step.next.includes('password')) {
          waiting = 'password'
          return reply(331, 'Password required.')
        }
        if (step.next.includes('totp')) {
          waiting = 'account'
          return reply(332, 'Verification code required; send it with ACCT.')
        }
        // What is left starts with something else than a password; it looks like any other name.
        waiting = 'password'
        return reply(331, 'Password required.')
    }
  }

  async function close(): Promise<void> {
    const old = session
    session = undefined
    await old?.close()
  }

  return {
    get session() {
      return session
    },
    async user(name) {
      if (session !== undefined) return reply(503, 'Already logged in; use REIN first.')
      waiting = 'user'
      const step = await login.begin(name)
      const first = answer(step)
      byCertificate = step.state === 'granted'
      return byCertificate ? reply(232, 'Logged in by certificate; no password needed.') : first
    },
    async password(secret) {
      if (waiting === 'nothing' && byCertificate) return reply(202, 'Not needed.')
      if (waiting !== 'password') return reply(503, 'Send USER first.')
      return answer(await login.offer({ factor: 'password', secret }))
    },
    async account(code) {
      if (waiting === 'nothing') return reply(202, 'Not needed.')
      if (waiting !== 'account') return reply(503, 'Send USER and PASS first.')
      return answer(await login.offer({ factor: 'totp', code: code.trim() }))
    },
    async restart(next, certificate) {
      login = authenticator.open(next, CAN_PROVE, certificate)
      waiting = 'user'
      await close()
    },
    close,
  }
}
