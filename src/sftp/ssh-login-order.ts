// With the other ssh-*.ts all that knows how ssh2 1.17 looks inside: the order of a client's requests to log in.
import type { Connection as SshClient } from 'ssh2'
import { FileServerError } from '../core/errors.ts'
import { MAX_WAITING_LOGINS } from './limits.ts'
import { has } from './shapes.ts'

type Call = (...given: unknown[]) => void
/** What tells the client that a request is decided, or that it has a question to answer. */
const ANSWERS = ['authFailure', 'authPKOK', 'authInfoReq'] as const
/** ssh2 ends the connection for every other one, where RFC 4252, section 5.1, has it fail as any that does not help. */
const METHODS: ReadonlySet<unknown> = new Set([
  'none',
  'password',
  'publickey',
  'keyboard-interactive',
  'hostbased',
])
type Protocol = Record<(typeof ANSWERS)[number], Call> & {
  _handlers: { USERAUTH_REQUEST: Call; USERAUTH_INFO_RESPONSE: Call }
  /** The method of each request that was not answered. */
  _authsQueue: unknown[]
}

function isProtocol(value: unknown): value is Protocol {
  if (!has(value, 'function', ...ANSWERS) || !Array.isArray(Reflect.get(Object(value), '_authsQueue')))
    return false
  return has(
    Reflect.get(Object(value), '_handlers'),
    'function',
    'USERAUTH_REQUEST',
    'USERAUTH_INFO_RESPONSE',
  )
}

/**
 * RFC 4252, section 5.1: a client need not wait for answers; each request is decided before the next one is looked at, and
 * those behind the one that was granted are passed over. Of those that wait ssh2 takes the last one first, it ends the
 * connection for one that comes after the login, and drops one whose question has been answered for the next, granted or not.
 */
export function orderLogin(client: SshClient, onViolation: (why: string) => void): void {
  const protocol: unknown = Reflect.get(client, '_protocol')
  if (!isProtocol(protocol)) throw new FileServerError('internal', 'this version of ssh2 has other logins')
  const { USERAUTH_REQUEST: request, USERAUTH_INFO_RESPONSE: response } = protocol._handlers
  let waiting: unknown[][] = []
  let state: 'free' | 'deciding' | 'asking' = 'free'
  const begin = ([self, user, service, method, data]: unknown[]): void => {
    state = 'deciding'
    if (METHODS.has(method)) request(self, user, service, method, data)
    else request(self, user, service, 'none', null)
  }
  protocol._handlers.USERAUTH_REQUEST = (...given) => {
    if (Reflect.get(client, 'authenticated') === true) protocol._authsQueue.length = 0
    else if (state !== 'deciding') begin(given)
    else if (waiting.length < MAX_WAITING_LOGINS) waiting.push(given)
    else onViolation('too many requests to log in at once')
  }
  protocol._handlers.USERAUTH_INFO_RESPONSE = (...given) => {
    if (state === 'asking') state = 'deciding'
    response(...given)
  }
  client.once('ready', () => {
    waiting = []
  })
  for (const name of ANSWERS) {
    const answer = protocol[name]
    protocol[name] = (...given) => {
      answer.apply(protocol, given)
      state = name === 'authInfoReq' ? 'asking' : 'free'
      const next = waiting.shift()
      if (next !== undefined) begin(next)
    }
  }
}
