import { readFileSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { FixtureInfo } from './fixture.ts'

export type FtpListener = 'ftp' | 'ftpes' | 'ftps'

export type FtpReply = Readonly<{ code: number; text: string }>

/** A control connection that shows every reply as it came; for what ready-made clients hide. */
export type FtpWire = Readonly<{
  reply(): Promise<FtpReply>
  command(line: string): Promise<FtpReply>
  /** Opens a passive data connection, in TLS when the control connection is. */
  data(): Promise<Socket>
  /** Resolves when the server has closed the connection. */
  closed: Promise<void>
  destroy(): void
}>

type Reader = { lines: string[]; rest: string; wake: (() => void) | undefined; over: boolean }

function listen(socket: Socket, reader: Reader): void {
  socket.on('data', (chunk: Buffer) => {
    const parts = `${reader.rest}${chunk.toString('utf8')}`.split('\r\n')
    reader.rest = parts.pop() ?? ''
    reader.lines.push(...parts)
    reader.wake?.()
  })
  const end = () => {
    reader.over = true
    reader.wake?.()
  }
  socket.on('close', end)
  socket.on('end', end)
  socket.on('error', end)
}

async function nextLine(reader: Reader): Promise<string> {
  for (;;) {
    const line = reader.lines.shift()
    if (line !== undefined) return line
    if (reader.over) throw new Error('the server closed the connection')
    await new Promise<void>((resolve) => {
      reader.wake = resolve
    })
  }
}

async function readReply(reader: Reader): Promise<FtpReply> {
  const first = await nextLine(reader)
  const code = first.slice(0, 3)
  let text = first
  while (text.length > 3 && !text.slice(text.lastIndexOf('\n') + 1).startsWith(`${code} `)) {
    text += `\n${await nextLine(reader)}`
  }
  return { code: Number(code), text }
}

function secured(info: FixtureInfo, socket: Socket, session: Buffer | undefined): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const tls = connectTls({
      socket,
      ca: readFileSync(info.tls.ca),
      servername: info.tls.servername,
      ...(session === undefined ? {} : { session }),
    })
    tls.once('secureConnect', () => resolve(tls))
    tls.once('error', reject)
  })
}

function tcp(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port })
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
  })
}

export async function ftpWire(info: FixtureInfo, listener: FtpListener): Promise<FtpWire> {
  const port = info[listener]?.port
  if (port === undefined) throw new Error(`the fixture has no listener ${listener}`)
  const reader: Reader = { lines: [], rest: '', wake: undefined, over: false }
  let socket: Socket = await tcp(info.host, port)
  if (listener === 'ftps') socket = await secured(info, socket, undefined)
  listen(socket, reader)
  const command = (line: string) => {
    socket.write(`${line}\r\n`)
    return readReply(reader)
  }
  await readReply(reader)
  if (listener === 'ftpes') {
    await command('AUTH TLS')
    socket.removeAllListeners()
    socket = await secured(info, socket, undefined)
    listen(socket, reader)
  }
  return {
    reply: () => readReply(reader),
    command,
    data: async () => {
      const { code, text } = await command('EPSV')
      const found = /\(\|\|\|(\d+)\|\)/.exec(text)
      if (code !== 229 || found === null) throw new Error(text)
      const plain = await tcp(info.host, Number(found[1]))
      if (listener === 'ftp') return plain
      // The handshake ends only after the command that uses the connection, so it is not waited for here.
      return connectTls({
        socket: plain,
        ca: readFileSync(info.tls.ca),
        servername: info.tls.servername,
      })
    },
    closed: new Promise((resolve) => socket.once('close', () => resolve())),
    destroy: () => socket.destroy(),
  }
}

/** Logs in and says TYPE I and, in TLS, PROT P. Throws unless the login is granted. */
export async function ftpSession(
  info: FixtureInfo,
  listener: FtpListener,
  user: Readonly<{ user: string; password: string }>,
): Promise<FtpWire> {
  const wire = await ftpWire(info, listener)
  await wire.command(`USER ${user.user}`)
  const answer = await wire.command(`PASS ${user.password}`)
  if (answer.code !== 230) {
    wire.destroy()
    throw new Error(answer.text)
  }
  if (listener !== 'ftp') {
    await wire.command('PBSZ 0')
    await wire.command('PROT P')
  }
  await wire.command('TYPE I')
  return wire
}
