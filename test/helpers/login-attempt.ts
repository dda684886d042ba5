import { ssh2 } from '../../src/sftp/ssh2.ts'
import type { FixtureInfo } from './fixture.ts'
import { ftpWire } from './ftp-wire-client.ts'

/** The doors that a policy must not differ on. */
export const ENCRYPTED_LISTENERS = ['ftpes', 'ftps', 'sftp'] as const
export type EncryptedListener = (typeof ENCRYPTED_LISTENERS)[number]

export type Credentials = Readonly<{ user: string; password: string; code?: string }>

/** What the client saw, step by step, in words without ports, times or names. */
export type Attempt = Readonly<{ granted: boolean; steps: readonly string[] }>

async function overFtp(
  info: FixtureInfo,
  listener: 'ftpes' | 'ftps',
  credentials: Credentials,
): Promise<Attempt> {
  const wire = await ftpWire(info, listener)
  const steps: string[] = []
  const say = async (line: string) => {
    const reply = await wire.command(line)
    steps.push(reply.text)
    return reply.code
  }
  try {
    await say(`USER ${credentials.user}`)
    let code = await say(`PASS ${credentials.password}`)
    if (code === 332 && credentials.code !== undefined) code = await say(`ACCT ${credentials.code}`)
    return { granted: code === 230, steps }
  } finally {
    wire.destroy()
  }
}

function overSsh(info: FixtureInfo, credentials: Credentials): Promise<Attempt> {
  return new Promise((resolve) => {
    const client = new ssh2.Client()
    client.on('connect', () => client.setNoDelay(true))
    const steps: string[] = []
    let tries = 0
    const finish = (granted: boolean) => {
      client.destroy()
      resolve({ granted, steps })
    }
    client.on('ready', () => finish(true))
    client.on('error', (error) => {
      steps.push(error.message)
      finish(false)
    })
    client.on('close', () => finish(false))
    client.connect({
      host: info.host,
      port: info.sftp.port,
      username: credentials.user,
      authHandler: (left, partial, next) => {
        // At the first call nothing has been asked of the server yet.
        if (left !== null) steps.push(`${[...left].sort().join(',')}${partial ? ' partial' : ''}`)
        tries += 1
        if (tries === 1)
          next({ type: 'password', username: credentials.user, password: credentials.password })
        else if (partial && credentials.code !== undefined) {
          const answer = credentials.code
          next({
            type: 'keyboard-interactive',
            username: credentials.user,
            prompt: (_name, _text, _language, prompts, done) => {
              steps.push(prompts.map(({ prompt }) => prompt).join('|'))
              done(prompts.map(() => answer))
            },
          })
        } else finish(false)
      },
    })
  })
}

export function attemptLogin(
  info: FixtureInfo,
  listener: EncryptedListener,
  credentials: Credentials,
): Promise<Attempt> {
  return listener === 'sftp' ? overSsh(info, credentials) : overFtp(info, listener, credentials)
}
