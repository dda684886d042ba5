import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { Wire } from '../../src/ftp/wire.ts'
import { connectFtp, type FtpClient } from '../helpers/ftp-client.ts'
import { type FtpTestServer, startFtpServer } from '../helpers/ftp-server.ts'
import { needsNative } from '../helpers/native.ts'

/** Both ends of the control connection and of the data connection are with the system when this is over. */
async function leave(client: FtpClient, data: Socket, last: string): Promise<void> {
  client.socket.end(last)
  await once(client.socket, 'finish')
  data.end('half')
  await once(data, 'finish')
}

async function uploading(server: FtpTestServer, type: string) {
  const client = await connectFtp(server)
  await client.login('legacy')
  await client.send(`TYPE ${type}`)
  const { socket } = await client.data()
  assert.match(await client.send('STOR file'), /^150/)
  return { client, data: socket }
}

async function outcome(server: FtpTestServer): Promise<string | undefined> {
  await server.connections.at(-1)?.done
  const transfers = server.events.filter((event) => event.type === 'file.transfer')
  assert.equal(transfers.length, 1)
  return transfers[0]?.outcome
}

describe('a client that dies while commands of its own wait', () => {
  for (const type of ['I', 'A'] as const) {
    test(`is seen behind those that nobody has read, TYPE ${type}`, needsNative, async (t) => {
      const server = await startFtpServer({ settings: { maxQueuedCommands: 1 } })
      t.after(() => server.close())
      const { client, data } = await uploading(server, type)
      // The first of them fill the queue: more than one read takes is not read.
      await leave(client, data, 'PWD\r\n'.repeat(10_000))
      assert.equal(await outcome(server), 'aborted')
      client.destroy()
    })

    test(`has not died where it said QUIT last, TYPE ${type}`, async (t) => {
      const server = await startFtpServer()
      t.after(() => server.close())
      const { client, data } = await uploading(server, type)
      await leave(client, data, 'PWD\r\nQUIT\r\n')
      assert.equal(await outcome(server), 'complete')
      client.destroy()
    })
  }

  test('is seen as soon as its connection is given up, before the event that tells it', async () => {
    const listener = createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const address = listener.address()
    assert.ok(address !== null && typeof address === 'object')
    const client = connect({ port: address.port, host: '127.0.0.1' })
    const [socket]: Socket[] = await once(listener, 'connection')
    assert.ok(socket)
    const gone = Promise.withResolvers<void>()
    const events = { busy: false, item: () => undefined, end: () => undefined, gone: () => gone.resolve() }
    const wire = new Wire(socket, { maxLineBytes: 512, net: undefined }, events)
    assert.equal(wire.peerEnd, 'none')
    socket.destroy(new Error('ECONNRESET'))
    assert.equal(wire.peerEnd, 'here')
    await gone.promise
    client.destroy()
    listener.close()
  })
})
