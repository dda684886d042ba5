import assert from 'node:assert/strict'
import { constants } from 'node:crypto'
import { connect as connectTcp, Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { queryObjects } from 'node:v8'
import { connectFtp } from '../helpers/ftp-client.ts'
import { type FtpTestServer, startFtpServer } from '../helpers/ftp-server.ts'

type Type = abstract new (...args: never[]) => object
/** Everywhere in this process, after a garbage collection. */
const countOf = (type: Type): number => queryObjects(type, { format: 'count' })

test('an idle session in TLS is two sockets, with no stream between them and nothing kept of the handshake', async () => {
  const server = await startFtpServer({ settings: { tls: 'implicit' } })
  const open = async () => {
    const client = await connectFtp(server, { implicit: true })
    await client.login()
    return client
  }
  const clients = [await open()]
  const before = { sockets: countOf(Socket), streams: countOf(Duplex), buffers: countOf(ArrayBuffer) }
  const more = 8
  for (let n = 0; n < more; n += 1) clients.push(await open())
  const sockets = countOf(Socket) - before.sockets
  assert.equal(sockets, more * 4, 'two of the server, two of the client')
  assert.equal(countOf(Duplex) - before.streams, sockets)
  const held = countOf(ArrayBuffer) - before.buffers
  // Buffer's pool, of which all sessions take a little, may have got a new block meanwhile.
  const pool = 1
  assert.ok(held <= more * 2 + pool, `${held} blocks of memory, of which Node itself keeps two a session`)
  for (const client of clients) client.destroy()
  await server.close()
})

type Secure = Readonly<{ secure: TLSSocket; session: Buffer | undefined; greeting: string }>

async function greeted(server: FtpTestServer, raw: Socket, session?: Buffer): Promise<Secure> {
  const secure = connectTls({
    ...{ socket: raw, ca: server.authority, servername: 'localhost', maxVersion: 'TLSv1.2' as const },
    secureOptions: constants.SSL_OP_NO_TICKET,
    ...(session !== undefined && { session }),
  })
  const greeting = await new Promise<Buffer>((resolve, reject) => {
    secure.once('data', resolve).once('error', reject)
  })
  return { secure, session: secure.getSession(), greeting: greeting.toString('latin1') }
}

test('a client without tickets resumes the session of its last connection by its id', async () => {
  const server = await startFtpServer({ settings: { tls: 'implicit' } })
  const connect = () => connectTcp({ host: server.host, port: server.port })
  const first = await greeted(server, connect())
  assert.equal(first.secure.isSessionReused(), false)
  const second = await greeted(server, connect(), first.session)
  assert.equal(second.secure.isSessionReused(), true)
  first.secure.destroy()
  second.secure.destroy()
  await server.close()
})

test('a handshake goes through however its bytes are cut', async () => {
  const server = await startFtpServer({ settings: { tls: 'implicit' } })
  const raw = connectTcp({ host: server.host, port: server.port, noDelay: true })
  const cut = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      const next = (at: number): void => {
        if (at >= chunk.length) done()
        else raw.write(chunk.subarray(at, at + 1), () => setImmediate(next, at + 1))
      }
      next(0)
    },
  })
  raw.on('data', (bytes) => cut.push(bytes))
  const secure = connectTls({ socket: cut, ca: server.authority, servername: 'localhost' })
  const greeting = await new Promise<Buffer>((resolve, reject) => {
    secure.once('data', resolve).once('error', reject)
  })
  assert.match(greeting.toString('latin1'), /^220/)
  raw.destroy()
  await server.close()
  assert.deepEqual(server.errors, [])
})

test('a client that leaves before or in its first message leaves nothing behind', async () => {
  const server = await startFtpServer({ settings: { tls: 'implicit' } })
  for (const said of ['', '\x16\x03\x01']) {
    const raw = connectTcp({ host: server.host, port: server.port })
    raw.end(said)
    await new Promise((resolve) => raw.resume().once('close', resolve))
  }
  for (const connection of server.connections) await connection.done
  assert.equal(server.connections.length, 2)
  await server.close()
  assert.deepEqual(server.errors, [])
})
