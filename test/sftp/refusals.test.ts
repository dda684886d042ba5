import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { createServer, connect as dial } from 'node:net'
import { after, before, test } from 'node:test'
import type { Client, ClientChannel } from 'ssh2'
import { byte, type Field, string, uint32 } from '../../src/sftp/codec.ts'
import { refuseConnection } from '../../src/sftp/refuse.ts'
import { sendMessage } from '../../src/sftp/ssh-message.ts'
import { connect, openSubsystem } from '../helpers/sftp-raw-client.ts'
import { startSftp, type TestServer } from '../helpers/sftp-server.ts'

let server: TestServer
let client: Client

before(async () => {
  server = await startSftp()
  client = await connect(server.port, { strictVendor: false })
})
after(async () => {
  client.end()
  await server.close()
})

type Callback = (error: Error | undefined, channel: ClientChannel) => void
type Said = { text: string; status: number | undefined }

const outcome = (start: (done: Callback) => void): Promise<string> =>
  new Promise((resolve) => start((error) => resolve(error?.message ?? 'granted')))

/** What the server says on a channel before it closes it. Listens before the packets behind the grant are read. */
function said(start: (done: Callback) => void): Promise<Said> {
  return new Promise((resolve, reject) => {
    start((error, channel) => {
      if (error) return reject(error)
      const heard: Said = { text: '', status: undefined }
      channel.stderr.on('data', (chunk: Buffer) => {
        heard.text += chunk.toString()
      })
      channel.on('exit', (code: number) => {
        heard.status = code
      })
      channel.on('close', () => resolve(heard))
      channel.resume()
    })
  })
}

test('a command gets one clear line and status 1, old scp a hint', async () => {
  const command = await said((done) => client.exec('id', done))
  assert.deepEqual(command, { text: 'This service offers SFTP only.\r\n', status: 1 })
  const scp = await said((done) => client.exec('scp -t /x', done))
  assert.match(scp.text, /SFTP only\. Use sftp, or scp without -O/)
})

test('a shell without a terminal gets the same line; a terminal is refused', async () => {
  const shell = await said((done) => client.shell(false, done))
  assert.deepEqual(shell, { text: 'This service offers SFTP only.\r\n', status: 1 })
  assert.match(String(await outcome((done) => client.shell(done))), /Unable to request a pseudo-terminal/)
})

/** Sends a request on a session's channel and tells what is answered. */
function ask(
  own: Client,
  channel: ClientChannel,
  type: string,
  ...fields: readonly Field[]
): Promise<string> {
  return new Promise((resolve) => {
    const { _handlers: handlers } = Reflect.get(own, '_protocol')
    handlers.CHANNEL_SUCCESS = () => resolve('granted')
    handlers.CHANNEL_FAILURE = () => resolve('refused')
    const { id } = (channel as unknown as { outgoing: { id: number } }).outgoing
    sendMessage(own as never, byte(98), uint32(id), string(type), byte(1), ...fields)
  })
}

test('terminal, environment, agent, X11, signals and whatever else are refused, while SFTP runs too', async () => {
  const own = await connect(server.port)
  const channel = await openSubsystem(own)
  const none = uint32(0)
  const requests: readonly (readonly [string, ...Field[]])[] = [
    ['pty-req', string('xterm'), none, none, none, none, string('')],
    ['env', string('LD_PRELOAD'), string('/x.so')],
    ['auth-agent-req@openssh.com'],
    ['x11-req', byte(0), string('MIT-MAGIC-COOKIE-1'), string('00'), none],
    ['shell'],
    ['exec', string('id')],
    ['subsystem', string('sftp')],
    ['keepalive@openssh.com'],
  ]
  for (const [type, ...fields] of requests)
    assert.equal(await ask(own, channel, type, ...fields), 'refused', type)
  own.end()
})

test('forwarding of every kind and other subsystems are refused', async () => {
  const { port } = server
  assert.match(
    String(await outcome((done) => client.forwardOut('127.0.0.1', 1, '127.0.0.1', port, done))),
    /open failure/i,
  )
  assert.match(
    String(await outcome((done) => client.openssh_forwardOutStreamLocal('/x', done))),
    /open failure/i,
  )
  assert.match(String(await outcome((done) => client.subsys('netconf', done))), /Unable to start subsystem/)
  const listen = new Promise((resolve) => client.forwardIn('127.0.0.1', 0, (error) => resolve(String(error))))
  assert.match(String(await listen), /Unable to bind/)
})

test('sessions of a connection are bounded, and their places come back', async () => {
  const own = await connect(server.port)
  const open: ClientChannel[] = []
  for (let index = 0; index < 4; index += 1) open.push(await openSubsystem(own))
  await assert.rejects(openSubsystem(own), /open failure/i)
  const [first] = open
  const closed = new Promise((resolve) => first?.on('close', resolve))
  first?.resume()
  first?.end()
  await closed
  assert.ok(await openSubsystem(own))
  own.end()
})

test('a refused connection is told why in SSH, a refused address nothing', async () => {
  const replies: Buffer[] = []
  for (const code of ['session.limit', 'session.draining', 'access.denied'] as const) {
    const listener = createServer((socket) => refuseConnection(socket, code, 'neutral'))
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const chunks: Buffer[] = []
    const socket = dial((listener.address() as AddressInfo).port, '127.0.0.1')
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', () => {})
    await new Promise((resolve) => socket.on('close', resolve))
    replies.push(Buffer.concat(chunks))
    listener.close()
  }
  const [limit, draining, denied] = replies
  const ident = 'SSH-2.0-neutral\r\n'
  assert.equal(limit?.toString('latin1', 0, ident.length), ident)
  assert.equal(limit?.readUInt8(ident.length + 5), 1)
  assert.equal(limit?.readUInt32BE(ident.length + 6), 12)
  assert.equal(draining?.readUInt32BE(ident.length + 6), 11)
  assert.equal((limit?.length ?? 0) % 8, ident.length % 8)
  assert.equal(denied?.length, 0)
})
