import { constants } from 'node:crypto'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { FTP_PASSWORD, type FtpTestServer } from './ftp-server.ts'

/** A client that says exactly what the test tells it to, and gives replies and data as they came. */
export type FtpClient = {
  readonly socket: Socket
  /** Raw bytes. */
  write(bytes: string | Uint8Array): void
  /** The next reply, all its lines joined with newlines; undefined when the server has closed. */
  reply(): Promise<string | undefined>
  /** Sends one line and waits for one reply. */
  send(line: string): Promise<string>
  /** AUTH TLS and handshake, PBSZ and PROT P. */
  secure(): Promise<void>
  login(name?: string): Promise<void>
  /** The client's side of the handshake, after a 234. */
  handshake(): Promise<void>
  /** Connects to a passive port; inside TLS when the control connection is. */
  dataAt(port: number): DataClient
  /** EPSV and connect; inside TLS when the control connection is. */
  data(): Promise<DataClient>
  /** Sends the command of a download and gives what came, with the final reply. */
  download(line: string): Promise<{ text: string; bytes: Buffer; reply: string }>
  upload(line: string, content: string | Uint8Array): Promise<string>
  /** Asks STAT during a transfer until so many bytes have passed. */
  moved(bytes: number): Promise<void>
  /** Asks STAT during a transfer until no more bytes pass. */
  still(): Promise<void>
  /** Resolves when the server has closed the connection. */
  closed(): Promise<void>
  destroy(): void
}

export type DataClient = {
  readonly socket: Socket
  /** Below TLS; in clear the same. */
  readonly raw: Socket
  /** The TLS handshake is done (or failed); at once in clear. */
  readonly established: Promise<unknown>
  /** Everything until the server's end. */
  read(): Promise<Buffer>
}

const STILL_SAMPLES = 10
const TLS = { rejectUnauthorized: true, servername: 'localhost' }

export async function connectFtp(
  server: Pick<FtpTestServer, 'host' | 'port' | 'authority'>,
  options: {
    implicit?: boolean
    maxVersion?: 'TLSv1.2' | 'TLSv1.3'
    servername?: string
    /** Up to TLS 1.2 its sessions are resumed by their ids. */
    noTickets?: boolean
    /** The client's own certificate and key, PEM. */
    pair?: Readonly<{ certificate: string; key: string }>
  } = {},
): Promise<FtpClient> {
  const tls = {
    ...TLS,
    ca: server.authority,
    maxVersion: options.maxVersion ?? ('TLSv1.3' as const),
    ...(options.servername !== undefined && { servername: options.servername }),
    ...(options.noTickets === true && { secureOptions: constants.SSL_OP_NO_TICKET }),
    ...(options.pair !== undefined && { cert: options.pair.certificate, key: options.pair.key }),
  }
  let socket: Socket | TLSSocket = connectTcp({ host: server.host, port: server.port })
  let session: Buffer | undefined
  if (options.implicit) socket = secureSocket(socket)
  let text = ''
  let over = false
  let wake: () => void = () => undefined

  function secureSocket(raw: Socket): TLSSocket {
    const secure = connectTls({ ...tls, socket: raw })
    secure.on('session', (data) => {
      session = data
    })
    return secure
  }
  const onData = (chunk: Buffer) => {
    text += chunk.toString('utf8')
    wake()
  }
  const onOver = () => {
    over = true
    wake()
  }
  function listen(to: Socket): void {
    to.on('data', onData).on('close', onOver).on('error', onOver)
  }
  listen(socket)

  async function reply(): Promise<string | undefined> {
    for (;;) {
      const match = /^(?:(\d{3})-(?:[^\n]*\r\n)*?\1 [^\n]*\r\n|\d{3} [^\n]*\r\n)/.exec(text)
      if (match) {
        text = text.slice(match[0].length)
        return match[0].slice(0, -2).replaceAll('\r\n', '\n')
      }
      if (over) return undefined
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }

  async function bytesSoFar(): Promise<number> {
    return Number(/: (\d+) bytes so far/.exec(await client.send('STAT'))?.[1])
  }

  const client: FtpClient = {
    get socket() {
      return socket
    },
    write: (bytes) => {
      socket.write(bytes)
    },
    reply,
    async send(line) {
      socket.write(`${line}\r\n`)
      const answer = await reply()
      if (answer === undefined) throw new Error(`closed after ${line}`)
      return answer
    },
    async secure() {
      await client.send('AUTH TLS')
      await client.handshake()
      await client.send('PBSZ 0')
      await client.send('PROT P')
    },
    async handshake() {
      socket.removeAllListeners('data')
      const raw = socket
      const secure = secureSocket(raw)
      await new Promise((resolve, reject) => secure.once('secureConnect', resolve).once('error', reject))
      socket = secure
      listen(secure)
    },
    async login(name = 'alice') {
      await client.send(`USER ${name}`)
      const answer = await client.send(`PASS ${FTP_PASSWORD}`)
      if (!answer.startsWith('230')) throw new Error(answer)
      await client.send('TYPE I')
    },
    async data() {
      const answer = await client.send('EPSV')
      return client.dataAt(Number(/\|\|\|(\d+)\|/.exec(answer)?.[1]))
    },
    dataAt(port) {
      const raw = connectTcp({ host: server.host, port, allowHalfOpen: true })
      raw.on('error', () => undefined)
      if (!('encrypted' in socket)) return dataClient(raw)
      const secure = connectTls({ ...tls, socket: raw, ...(session === undefined ? {} : { session }) })
      secure.on('error', () => undefined)
      const established = new Promise((resolve) =>
        secure.once('secureConnect', resolve).once('close', resolve),
      )
      return { ...dataClient(secure), raw, established }
    },
    async download(line) {
      const data = await client.data()
      const first = await client.send(line)
      if (!first.startsWith('150')) return { text: '', bytes: Buffer.alloc(0), reply: first }
      const bytes = await data.read()
      return { text: bytes.toString('utf8'), bytes, reply: (await reply()) ?? '' }
    },
    async upload(line, content) {
      const data = await client.data()
      const first = await client.send(line)
      if (!first.startsWith('150')) return first
      // Node's client would send its FIN in the middle of the handshake.
      await data.established
      data.socket.end(content)
      data.socket.resume()
      return (await reply()) ?? ''
    },
    async moved(bytes) {
      while ((await bytesSoFar()) < bytes);
    },
    async still() {
      const samples: number[] = []
      while (samples.length < STILL_SAMPLES || samples.at(-1) !== samples.at(-STILL_SAMPLES))
        samples.push(await bytesSoFar())
    },
    closed: () =>
      new Promise((resolve) => {
        if (over || socket.destroyed) resolve()
        else socket.once('close', () => resolve())
      }),
    destroy: () => socket.destroy(),
  }
  const greeting = await reply()
  if (greeting === undefined) throw new Error('no greeting')
  return client
}

/** `read` may be called late: an end without data is only told once, and to whoever listens then. */
export function dataClient(socket: Socket): DataClient {
  const chunks: Buffer[] = []
  const all = Promise.withResolvers<Buffer>()
  socket.once('end', () => {
    socket.end()
    all.resolve(Buffer.concat(chunks))
  })
  socket.once('close', () => all.resolve(Buffer.concat(chunks)))
  return {
    socket,
    raw: socket,
    established: Promise.resolve(),
    read: () => {
      socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      return all.promise
    },
  }
}
