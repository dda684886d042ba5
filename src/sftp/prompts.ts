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

/** The answers to so many prompts; undefined when the client gave up or answered another number. */
function answersTo(
  context: KeyboardAuthContext,
  prompts: readonly string[],
): Promise<readonly string[] | undefined> {
  return new Promise((resolve) => {
    const hidden = prompts.map((prompt) => ({ prompt, echo: false }))
    context.prompt(hidden, (answers: unknown) => {
      const all: unknown[] = Array.isArray(answers) ? answers : []
      const texts = all.filter((answer) => typeof answer === 'string')
      resolve(texts.length === prompts.length && all.length === prompts.length ? texts : undefined)
    })
  })
}

/** RFC 4256, one prompt. */
export async function ask(context: KeyboardAuthContext, factor: Prompted): Promise<Proof | undefined> {
  const answers = await answersTo(context, [TEXT[factor]])
  if (answers === undefined) return undefined
  const [answer = ''] = answers
  return factor === 'password' ? { factor, secret: answer } : { factor, code: answer.trim() }
}

/** RFC 4256, both prompts in one round; who has no code leaves it empty. */
export async function askBoth(
  context: KeyboardAuthContext,
): Promise<Readonly<{ password: Proof; code: Proof }> | undefined> {
  const answers = await answersTo(context, [TEXT.password, TEXT.totp])
  if (answers === undefined) return undefined
  const [secret = '', code = ''] = answers
  return { password: { factor: 'password', secret }, code: { factor: 'totp', code: code.trim() } }
}
