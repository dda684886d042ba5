import { ssh2 } from '../../src/sftp/ssh2.ts'

type Handlers = Record<string, (protocol: unknown, ...rest: unknown[]) => void>
type Protocol = {
  _kex: { sessionID: Buffer }
  _authsQueue: string[]
  _handlers: Handlers
  _cipher: { encrypt(packet: Buffer): void }
  _packetRW: { write: { allocStart: number; alloc(size: number): Buffer; finalize(packet: Buffer): Buffer } }
}

/** `failure` has the methods that are left; `gone`: the server ended the connection. */
export type AuthAnswer =
  | Readonly<{ is: 'ok'; algorithm: string; blob: Buffer }>
  | Readonly<{ is: 'failure'; methods: readonly string[]; partial: boolean }>
  | Readonly<{ is: 'success' }>
  | Readonly<{ is: 'gone' }>

export type KeyRequest = Readonly<{ user: string; algorithm: string; blob: Buffer }>

/** An SSH connection on which a test writes requests for the method publickey byte by byte. */
export type AuthClient = {
  probe(request: KeyRequest): Promise<AuthAnswer>
  /** `sign` gets what is to be signed and gives the whole signature field. */
  use(request: KeyRequest, sign: (data: Buffer) => Buffer): Promise<AuthAnswer>
  close(): void
}

/** A string of the SSH protocol. */
export function sshString(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function requestOf({ user, algorithm, blob }: KeyRequest, signed: boolean): Buffer {
  return Buffer.concat([
    Buffer.from([50]),
    sshString(user),
    sshString('ssh-connection'),
    sshString('publickey'),
    Buffer.from([signed ? 1 : 0]),
    sshString(algorithm),
    sshString(blob),
  ])
}

/** Connects, and stops where the login begins. */
export async function connectForAuth(port: number): Promise<AuthClient> {
  const client = new ssh2.Client()
  let answer: (answer: AuthAnswer) => void = () => {}
  client.on('error', () => {})
  client.on('close', () => answer({ is: 'gone' }))
  await new Promise<void>((resolve, reject) => {
    client.once('error', reject)
    // Never calling back keeps ssh2 from logging in by itself.
    client.connect({ host: '127.0.0.1', port, username: 'unused', authHandler: () => resolve() })
  })
  const protocol = Reflect.get(client, '_protocol') as Protocol
  Object.assign(protocol._handlers, {
    USERAUTH_PK_OK: (_: unknown, algorithm: string, blob: Buffer) =>
      answer({ is: 'ok', algorithm, blob: Buffer.from(blob) }),
    USERAUTH_FAILURE: (_: unknown, methods: string[], partial: boolean) =>
      answer({ is: 'failure', methods, partial }),
    USERAUTH_SUCCESS: () => answer({ is: 'success' }),
  })
  const ask = (payload: Buffer): Promise<AuthAnswer> =>
    new Promise((resolve) => {
      answer = resolve
      protocol._authsQueue.push('publickey')
      const { write } = protocol._packetRW
      const packet = write.alloc(payload.length)
      packet.set(payload, write.allocStart)
      protocol._cipher.encrypt(write.finalize(packet))
    })
  return {
    probe: (request) => ask(requestOf(request, false)),
    use(request, sign) {
      const payload = requestOf(request, true)
      const data = Buffer.concat([sshString(protocol._kex.sessionID), payload])
      return ask(Buffer.concat([payload, sshString(sign(data))]))
    },
    close: () => void client.destroy(),
  }
}
