import type { AuthContext, KeyboardAuthContext, PublicKeyAuthContext, Connection as SshClient } from 'ssh2'
import type { Login, LoginStep, Proof } from '../core/auth/login.ts'
import type { Factor } from '../core/identity.ts'
import type { Session } from '../core/sessions.ts'
import { ALL_METHODS, methodsFor } from './methods.ts'
import { ask, askBoth, factorToAsk } from './prompts.ts'
import { forgetQuestion } from './ssh-requests.ts'
import { examineKey, exceptionsFor, type KeyRules, type OfferedKey } from './user-keys.ts'

/** What the methods below can carry; see methods.ts. */
export const CAN_PROVE: ReadonlySet<Factor> = new Set(['password', 'publickey', 'totp'])

export type AuthOptions = Readonly<{
  client: SshClient
  login: Login
  /** Requests of any kind before the connection ends. */
  maxRequests: number
  /** The first prompts ask for password and code in one round. */
  promptsAtOnce: boolean
  keyRules: KeyRules
  /** The rules without exceptions, where there are any. */
  usualKeyRules: KeyRules | undefined
  /** A key was proven that counts by exceptions alone. */
  onExcepted: (algorithms: readonly string[]) => void
  /** The session is the caller's from here on, also when the connection has gone meanwhile. */
  onGranted: (session: Session) => void
  /** Say goodbye: too many tries, another name, or an error inside. */
  onRefused: (cause?: unknown) => void
}>

export type AuthConversation = {
  /** Resolves when no step of the login is under way. */
  settled(): Promise<void>
  /** The connection is gone, and all is settled. */
  leave(): void
}

/** RFC 4252 on one side, the core's Login on the other. Requests are worked off one after the other. */
export function converse(options: AuthOptions): AuthConversation {
  const { client, login } = options
  let work: Promise<void> = Promise.resolve()
  let name: string | undefined
  let requests = 0
  let next: readonly Factor[] = []
  let anyProven = false
  let over = false
  let prompted: KeyboardAuthContext | undefined
  /** With the connection all its questions are gone. */
  let closed = false

  async function handle(context: AuthContext): Promise<void> {
    if (over) return
    requests += 1
    // ssh2 holds a client to its first name as well; this does not rest on it.
    if (requests > options.maxRequests || (name !== undefined && name !== context.username)) return refuse()
    if (name === undefined) {
      name = context.username
      if (!note(await login.begin(name))) return refuse()
    }
    switch (context.method) {
      case 'password':
        // A request to change the password comes as an object.
        if (typeof context.password !== 'string') return reject(context, false)
        return settle(context, await login.offer({ factor: 'password', secret: context.password }))
      case 'keyboard-interactive':
        return interactive(context)
      case 'publickey':
        return publicKey(context)
      case 'none':
      case 'hostbased':
        return reject(context, false)
    }
  }

  /** Remembers where the conversation stands; false when it has to end. */
  function note(step: LoginStep): boolean {
    if (step.state === 'more') {
      next = step.next
      anyProven ||= step.partial
    }
    return step.state !== 'denied' || !step.disconnect
  }

  function reject(context: AuthContext, partial: boolean): void {
    context.reject(anyProven ? methodsFor(next) : [...ALL_METHODS], partial)
  }

  function refuse(cause?: unknown): void {
    over = true
    options.onRefused(cause)
  }

  function settle(context: AuthContext, step: LoginStep): void {
    if (step.state === 'granted') {
      over = true
      forget(context)
      // First the owner of the session, then the word to the client: it may open a channel in the same packet.
      options.onGranted(step.session)
      context.accept()
      return
    }
    const goesOn = note(step)
    reject(context, step.state === 'more' && step.partial)
    if (!goesOn) refuse()
  }

  /** A wrong code says nothing about the password that came with it. */
  async function interactiveAtOnce(context: KeyboardAuthContext): Promise<void> {
    prompted = context
    const proofs = await askBoth(context)
    if (proofs === undefined) return reject(context, false)
    const step = await login.offer(proofs.password)
    const wantsCode = step.state === 'more' && step.partial && step.next.includes('totp')
    if (!wantsCode) return settle(context, step)
    const last = await login.offer(proofs.code)
    if (last.state !== 'denied' || last.disconnect) return settle(context, last)
    const goesOn = note(await login.begin(context.username))
    reject(context, false)
    if (!goesOn) refuse()
  }

  async function interactive(context: KeyboardAuthContext): Promise<void> {
    context.once('abort', () => {
      if (!closed) forgetQuestion(client)
    })
    if (options.promptsAtOnce && !anyProven) return interactiveAtOnce(context)
    for (;;) {
      const factor = factorToAsk(next, anyProven)
      if (factor === undefined) return reject(context, false)
      prompted = context
      const proof = await ask(context, factor)
      if (proof === undefined) return reject(context, false)
      const step = await login.offer(proof)
      if (!asksOn(step)) return settle(context, step)
    }
  }

  /** A password asked for here leads straight on to the code, without another round of methods. */
  function asksOn(step: LoginStep): boolean {
    if (step.state !== 'more' || !step.partial) return false
    note(step)
    return factorToAsk(step.next, true) !== undefined
  }

  async function publicKey(context: PublicKeyAuthContext): Promise<void> {
    const { hashAlgo, signature, blob } = context
    const offered = { ...context.key, hashAlgo }
    const { shown, verify } = examineKey(offered, options.keyRules)
    if (signature === undefined || blob === undefined) {
      if (!(await login.wouldAcceptKey(shown))) return reject(context, false)
      // The client gets the name back that it asked for, not that of the key's family.
      if (hashAlgo !== undefined) context.key.algo = `rsa-sha2-${hashAlgo.slice('sha'.length)}`
      return context.accept()
    }
    const { good, presence } = verify(blob, signature)
    const proof: Proof = {
      factor: 'publickey',
      signatureVerified: good,
      ...shown,
      ...(presence !== undefined && { presence }),
    }
    const step = await login.offer(proof)
    if (step.state !== 'denied') noteExceptions(offered)
    return settle(context, step)
  }

  function noteExceptions(offered: OfferedKey): void {
    const { keyRules, usualKeyRules } = options
    if (usualKeyRules === undefined) return
    const algorithms = exceptionsFor(offered, keyRules, usualKeyRules)
    if (algorithms.length > 0) options.onExcepted(algorithms)
  }

  const onRequest = (context: AuthContext): void => {
    work = work.then(() => handle(context)).catch(refuse)
  }
  // An open question would wait for its answer for ever.
  const onClose = (): void => {
    closed = true
    prompted?.emit('abort')
  }
  client.on('authentication', onRequest).on('close', onClose)

  /** ssh2 keeps the last request, and would call what hangs on all this, for as long as the connection lasts. */
  function forget(context: AuthContext): void {
    client.off('authentication', onRequest).off('close', onClose)
    if (context.method === 'password') context.password = ''
  }
  return { settled: () => work, leave: login.leave }
}
