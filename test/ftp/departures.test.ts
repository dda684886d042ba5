import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { connectFtp } from '../helpers/ftp-client.ts'
import { type FtpTestServer, startFtpServer } from '../helpers/ftp-server.ts'

type Leave = (socket: Socket) => void
const WAYS: Readonly<Record<string, Leave>> = {
  FIN: (socket) => socket.end(),
  RST: (socket) => socket.resetAndDestroy(),
}

/** What a client sends first. */
async function clientHello(): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>()
  const wire = new Duplex({ read: () => undefined, write: (chunk: Buffer) => resolve(chunk) })
  connectTls({ socket: wire, servername: 'localhost' }).on('error', () => undefined)
  return promise
}

/** How far a handshake gets before the client leaves; `speak` resolves when the server has seen that. */
const PHASES: Readonly<Record<string, (socket: Socket, hello: Buffer) => Promise<unknown>>> = {
  'before a byte': async () => undefined,
  'in the middle of its hello': async (socket, hello) => socket.write(hello.subarray(0, 100)),
  'after its hello': async (socket, hello) => {
    socket.write(hello)
    await once(socket, 'data')
  },
  'with half of its answer': async (socket, hello) => {
    socket.write(hello)
    await once(socket, 'data')
    // A record of the handshake that never comes to its end.
    socket.write(Buffer.from([0x16, 3, 3, 0, 90, 1]))
  },
}

function rawClient(host: string, port: number): Socket {
  const socket = connectTcp({ host, port, allowHalfOpen: true })
  socket.on('error', () => undefined)
  return socket
}

/** The clock stands still, so no time limit helps to end anything. */
describe('a client that leaves', () => {
  let implicit: FtpTestServer
  let explicit: FtpTestServer
  let hello: Buffer
  before(async () => {
    implicit = await startFtpServer({ settings: { tls: 'implicit' }, clock: createFakeClock() })
    explicit = await startFtpServer({ clock: createFakeClock() })
    hello = await clientHello()
  })
  after(async () => {
    await implicit.close()
    await explicit.close()
    assert.deepEqual([...implicit.errors, ...explicit.errors], [])
  })

  async function served(server: FtpTestServer, count: number) {
    while (server.connections.length <= count) await new Promise((resolve) => setImmediate(resolve))
    return server.connections[count]
  }

  for (const [phase, speak] of Object.entries(PHASES)) {
    for (const [way, leave] of Object.entries(WAYS)) {
      test(`${phase}, ${way}: implicit TLS`, async () => {
        const count = implicit.connections.length
        const socket = rawClient(implicit.host, implicit.port)
        await once(socket, 'connect')
        const connection = await served(implicit, count)
        await speak(socket, hello)
        leave(socket)
        await connection?.done
        socket.destroy()
      })

      test(`${phase}, ${way}: AUTH TLS`, async () => {
        const client = await connectFtp(explicit)
        const connection = explicit.connections.at(-1)
        client.socket.on('error', () => undefined)
        client.socket.allowHalfOpen = true
        assert.match(await client.send('AUTH TLS'), /^234/)
        await speak(client.socket, hello)
        leave(client.socket)
        await connection?.done
        client.destroy()
      })

      for (const command of ['STOR gone', 'NLST']) {
        test(`${phase}, ${way}: data connection of ${command}`, async () => {
          const client = await connectFtp(explicit)
          await client.secure()
          await client.login()
          const port = Number(/\|(\d+)\|\)/.exec(await client.send('EPSV'))?.[1])
          const socket = rawClient(explicit.host, port)
          await once(socket, 'connect')
          assert.match(await client.send(command), /^150/)
          await speak(socket, hello)
          leave(socket)
          assert.match((await client.reply()) ?? '', /^425/)
          socket.destroy()
          client.destroy()
          await explicit.connections.at(-1)?.done
        })
      }
    }
  }

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const leaving: Readonly<Record<string, (secure: TLSSocket, raw: Socket) => void>> = {
      close_notify: (secure) => secure.end(),
      FIN: (_secure, raw) => raw.end(),
      RST: (_secure, raw) => raw.resetAndDestroy(),
    }
    for (const [way, leave] of Object.entries(leaving)) {
      test(`right after the handshake, ${way}, ${maxVersion}`, async () => {
        const count = implicit.connections.length
        const raw = rawClient(implicit.host, implicit.port)
        const secure = connectTls({
          socket: raw,
          ca: implicit.authority,
          servername: 'localhost',
          maxVersion,
        })
        secure.on('error', () => undefined)
        secure.once('secureConnect', () => leave(secure, raw))
        await (await served(implicit, count))?.done
        secure.destroy()
        raw.destroy()
      })
    }
  }

  for (const [way, leave] of Object.entries(WAYS)) {
    test(`with its end in the segment of AUTH, ${way}`, async () => {
      const client = await connectFtp(explicit)
      client.socket.on('error', () => undefined)
      client.socket.allowHalfOpen = true
      client.write('AUTH TLS\r\n')
      leave(client.socket)
      await explicit.connections.at(-1)?.done
      client.destroy()
    })

    test(`with a command half sent, ${way}`, async () => {
      const client = await connectFtp(explicit)
      client.socket.on('error', () => undefined)
      client.write('NO')
      leave(client.socket)
      await explicit.connections.at(-1)?.done
      client.destroy()
    })
  }
})
