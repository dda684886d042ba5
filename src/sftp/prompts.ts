import type { KeyboardAuthContext } from 'ssh2'
import type { Proof } from '../core/auth/login.ts'
import type { Factor } from '../core/identity.ts'

export type Prompted = Extract<Factor, 'password' | 'totp'>

const TEXT: Record<Prompted, string> = { password: 'Password: ', totp: 'Verification code: ' }

/** What to ask for next: a password opens the conversation, a code completes what is already half proven. */
export function factorToAsk(next: readonly Factor[], anyProven: boolean): Prompted | undefined {
  if (!anyProven) return 'password'
  if (next.includes('totp')) return 'totp'
  return next.includes('password') ? 'password' : undefined
}

/** RFC 4256. Undefined when the client gave up or answered another number of prompts. */
export function ask(context: KeyboardAuthContext, factor: Prompted): Promise<Proof | undefined> {
  return new Promise((resolve) => {
    context.prompt([{ prompt: TEXT[factor], echo: false }], (answers: unknown) => {
      const answer: unknown = Array.isArray(answers) && answers.length === 1 ? answers[0] : undefined
      if (typeof answer !== 'string') resolve(undefined)
      else if (factor === 'password') resolve({ factor, secret: answer })
      else resolve({ factor, code: answer.trim() })
    })
  })
}
