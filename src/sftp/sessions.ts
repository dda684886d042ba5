import type { AcceptConnection, ServerChannel, Connection as SshClient, Session as SshSession } from 'ssh2'
import type { Logger } from '../core/ports.ts'
import { FIRST_WINDOW, NEXT_WINDOW } from './limits.ts'
import { takeInput } from './ssh-input.ts'
import type { Transport } from './ssh-internals.ts'

const REFUSAL = 'This service offers SFTP only.'
const SCP_HINT = 'Use sftp, or scp without -O (before OpenSSH 9.0: scp -s).'

export type SessionOptions = Readonly<{
  client: SshClient
  transport: Transport
  /** SSH sessions at once, whatever they ask for. */
  limit: number
  logger: Logger
  /** An SFTP subsystem was granted; `window` is what the peer may send before it is worked off. */
  onSftp: (channel: ServerChannel, window: number) => void
}>

/**
 * RFC 4254, section 6: of all that a session may ask for, only the subsystem sftp is given. What has no listener here
 * (pty, env, X11, agent, signals, forwarding) ssh2 refuses by itself.
 */
export function serveSessions(options: SessionOptions): void {
  const { client, transport, limit } = options
  let open = 0
  client.on('session', (accept, reject) => {
    if (open >= limit) return reject()
    const window = open === 0 ? FIRST_WINDOW : NEXT_WINDOW
    open += 1
    const session = transport.acceptSession(accept, window)
    session.once('close', () => {
      open -= 1
    })
    session.on('error', () => {})
    session.on('subsystem', (acceptChannel, rejectChannel, { name }) => {
      if (name !== 'sftp') return rejectChannel?.()
      const channel: unknown = acceptChannel()
      // Undefined when the session already runs something.
      if (isChannel(channel)) options.onSftp(channel, window)
    })
    refuseCommands(options, session)
  })
}

function isChannel(value: unknown): value is ServerChannel {
  return typeof value === 'object' && value !== null
}

function refuseCommands({ client, logger }: SessionOptions, session: SshSession): void {
  const refuse = (accept: AcceptConnection<ServerChannel>, text: string): void => {
    const channel: unknown = accept()
    if (!isChannel(channel)) return
    takeInput(client, channel, { data: () => {}, end: () => {} })
    channel.on('error', () => {})
    channel.stderr.on('error', () => {})
    channel.stderr.write(`${text}\r\n`)
    channel.exit(1)
    channel.end()
    logger.debug({}, 'command or shell refused')
  }
  session.on('shell', (accept) => refuse(accept, REFUSAL))
  session.on('exec', (accept, _reject, { command }) => {
    refuse(accept, /^scp\s/.test(command) ? `${REFUSAL} ${SCP_HINT}` : REFUSAL)
  })
}
