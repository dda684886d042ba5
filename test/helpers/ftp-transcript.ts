import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { Secret, TOTP } from 'otpauth'
import type { FtpSettings } from '../../src/ftp/settings.ts'
import { createFakeClock, type FakeClock } from './fake-clock.ts'
import { connectFtp, type DataClient, dataClient, type FtpClient } from './ftp-client.ts'
import { FTP_TOTP, type FtpTestServer, startFtpServer } from './ftp-server.ts'

/**
 * Golden dialogues. `C:` what the client sends, `S:` the reply (one line each; `<*>`, `<port>`, `<time>`, `<hex>` match
 * what varies), `D<` all that the data connection brought, `D>` what the client sends on it before it closes it (both
 * JSON strings), `@` an instruction to the driver: see `instruct`. The data connection is made when EPSV or PASV answers.
 */
export type Step = Readonly<{
  kind: 'client' | 'server' | 'receive' | 'send' | 'at'
  text: string
  line: number
}>

const KINDS = { 'C:': 'client', 'S:': 'server', 'D<': 'receive', 'D>': 'send', '@': 'at' } as const

export function parseTranscript(text: string): Step[] {
  return text.split('\n').flatMap((raw, index) => {
    if (raw.trim() === '' || raw.startsWith('#')) return []
    const space = raw.indexOf(' ')
    const mark = space < 0 ? raw : raw.slice(0, space)
    const kind = KINDS[mark as keyof typeof KINDS]
    if (kind === undefined) throw new Error(`line ${index + 1}: ${raw}`)
    return [{ kind, text: space < 0 ? '' : raw.slice(space + 1), line: index + 1 }]
  })
}

const WILD = new Map([
  ['<*>', '.*'],
  ['<port>', '\\d+'],
  ['<time>', '\\d{14}'],
  ['<hex>', '[0-9a-f]+'],
])

function toPattern(text: string): RegExp {
  const parts = text.split(/(<\*>|<port>|<time>|<hex>)/)
  const body = parts.map((part) => WILD.get(part) ?? part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('')
  return new RegExp(`^${body}$`, 's')
}

type Play = {
  settings: Partial<FtpSettings>
  /** The listener has no certificate. */
  plain: boolean
  host: string
  /** False: data connections are Node's. */
  native: boolean
  server: FtpTestServer | undefined
  client: FtpClient | undefined
  data: DataClient | undefined
  /** Lines of the reply that is being compared. */
  lines: string[]
  clock: FakeClock
}

const TOTP_OF_ALL = new TOTP({
  secret: new Secret({ buffer: Uint8Array.from(FTP_TOTP.secret).buffer }),
  algorithm: FTP_TOTP.algorithm,
  digits: FTP_TOTP.digits,
  period: FTP_TOTP.periodSeconds,
})

export async function playTranscript(steps: readonly Step[], native: boolean): Promise<void> {
  const play: Play = {
    native,
    settings: {},
    plain: false,
    host: '127.0.0.1',
    server: undefined,
    client: undefined,
    data: undefined,
    lines: [],
    clock: createFakeClock(),
  }
  try {
    for (const step of steps) await playStep(play, step)
    assert.deepEqual(play.lines, [], 'a reply has more lines than the transcript')
    assert.deepEqual(play.server?.errors ?? [], [])
  } finally {
    play.client?.destroy()
    await play.server?.close()
  }
}

async function playStep(play: Play, step: Step): Promise<void> {
  if (step.kind === 'at') return instruct(play, step.text)
  const client = play.client ?? (await connect(play))
  switch (step.kind) {
    case 'client':
      client.write(`${step.text}\r\n`)
      return
    case 'server':
      return expectLine(play, client, step)
    case 'receive': {
      const bytes = await play.data?.read()
      assert.match(bytes?.toString('utf8') ?? '', toPattern(JSON.parse(step.text)), `line ${step.line}`)
      return
    }
    case 'send':
      await play.data?.established
      play.data?.socket.end(JSON.parse(step.text))
      play.data?.socket.resume()
      return
  }
}

async function expectLine(play: Play, client: FtpClient, step: Step): Promise<void> {
  if (play.lines.length === 0) play.lines = ((await client.reply()) ?? '(closed)').split('\n')
  const line = play.lines.shift() ?? ''
  assert.match(line, toPattern(step.text), `line ${step.line}`)
  const passive = /^229 .*\|(\d+)\|\)|^227 .*,(\d+),(\d+)\)/.exec(line)
  if (passive === null) return
  const port = passive[1] === undefined ? Number(passive[2]) * 256 + Number(passive[3]) : Number(passive[1])
  play.data = client.dataAt(port)
}

async function connect(play: Play): Promise<FtpClient> {
  play.server ??= await startFtpServer({
    settings: play.settings,
    clock: play.clock,
    plain: play.plain,
    host: play.host,
    native: play.native,
  })
  play.client = await connectFtp(play.server, { implicit: play.settings.tls === 'implicit' })
  return play.client
}

/** Listens as a client in active mode does, and names the place by PORT. */
async function nameOwnPort(play: Play, client: FtpClient): Promise<void> {
  const listener = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  let socket: Socket | undefined
  const arrived = once(listener, 'connection').then(([connected]: Socket[]) => {
    listener.close()
    socket = connected
    return dataClient(connected as Socket)
  })
  play.data = {
    get socket() {
      assert.ok(socket, 'the server has not connected')
      return socket
    },
    get raw() {
      return this.socket
    },
    established: arrived,
    read: async () => (await arrived).read(),
  }
  client.write(`PORT 127,0,0,1,${port >> 8},${port & 255}\r\n`)
}

/**
 * `@ set key=value`, `@ plain` (no certificate), `@ address ip`, `@ passive [ip]` (what PASV names) and
 * `@ host name greeting` (before the connection), `@ tls`
 * (AUTH TLS, PBSZ, PROT P), `@ handshake` (after a `234`), `@ login [user]`, `@ code` (ACCT with the right code), `@ port` (PORT to the client's own), `@ file path content`,
 * `@ advance ms`, `@ raw JSON string`, `@ long bytes`, `@ closed`.
 */
async function instruct(play: Play, text: string): Promise<void> {
  const [verb = '', ...rest] = text.split(' ')
  const argument = rest.join(' ')
  if (verb === 'set') {
    const [key = '', value = ''] = argument.split('=')
    play.settings = { ...play.settings, [key]: /^[\d{"[tf]/.test(value) ? JSON.parse(value) : value }
    return
  }
  if (verb === 'host') {
    const [name = '', ...greeting] = rest
    const hosts = new Map([...(play.settings.hosts ?? []), [name, [greeting.join(' ')]] as const])
    play.settings = { ...play.settings, hosts }
    return
  }
  if (verb === 'plain') {
    play.plain = true
    return
  }
  if (verb === 'passive') {
    play.settings = { ...play.settings, passiveAddress: () => (argument === '' ? undefined : argument) }
    return
  }
  if (verb === 'address') {
    play.host = argument
    return
  }
  const client = play.client ?? (await connect(play))
  switch (verb) {
    case 'tls':
      return client.secure()
    case 'handshake':
      return client.handshake()
    case 'code':
      return client.write(`ACCT ${TOTP_OF_ALL.generate()}\r\n`)
    case 'port':
      return nameOwnPort(play, client)
    case 'login':
      return client.login(argument === '' ? 'alice' : argument)
    case 'file': {
      const [path = '', ...content] = argument.split(' ')
      assert.match(await client.upload(`STOR ${path}`, content.join(' ')), /^226/)
      return
    }
    case 'advance':
      return play.clock.advance(Number(argument))
    case 'raw':
      return client.write(Buffer.from(JSON.parse(argument), 'latin1'))
    case 'long':
      return client.write(`${'x'.repeat(Number(argument))}\r\n`)
    case 'closed':
      return client.closed()
    default:
      throw new Error(`unknown instruction ${text}`)
  }
}
