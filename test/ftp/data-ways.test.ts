import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { constants, networkInterfaces } from 'node:os'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import type { Native } from '../../src/native/native.ts'
import { connectFtp, dataClient, type FtpClient } from '../helpers/ftp-client.ts'
import { type FtpTestServer, startFtpServer } from '../helpers/ftp-server.ts'
import { native as addon, needsNative } from '../helpers/native.ts'

async function listen(host: string): Promise<{ server: Server; port: number }> {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, host)
  await once(server, 'listening')
  const address = server.address()
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 }
}

async function withLogin(
  host: string,
  use: (client: FtpClient, server: FtpTestServer) => Promise<void>,
  native = true,
): Promise<void> {
  const server = await startFtpServer({ host, native })
  const client = await connectFtp(server)
  await client.login('legacy')
  await use(client, server)
  client.destroy()
  await server.close()
  assert.deepEqual(server.errors, [])
}

async function downloadActive(
  client: FtpClient,
  command: (port: number) => string,
  host: string,
): Promise<string> {
  const { server, port } = await listen(host)
  const arrived = once(server, 'connection')
  assert.match(await client.send(command(port)), /^200/)
  assert.match(await client.send('RETR a'), /^150/)
  const [socket] = (await arrived) as [Socket]
  const content = await dataClient(socket).read()
  assert.match((await client.reply()) ?? '', /^226/)
  server.close()
  return content.toString()
}

/** Such as `fe80::1%eth0`. */
const linkLocal = Object.entries(networkInterfaces())
  .flatMap(([name, addresses = []]) =>
    addresses.map((one) => (one.scopeid ? `${one.address}%${name}` : undefined)),
  )
  .find((address) => address !== undefined)
const needsLinkLocal = {
  skip: linkLocal === undefined ? 'no interface has a link-local IPv6 address' : false,
}

describe('data connections', () => {
  test('PORT and EPRT connect to the client', () =>
    withLogin('127.0.0.1', async (client) => {
      await client.upload('STOR a', 'active')
      const port = (n: number) => `PORT 127,0,0,1,${n >> 8},${n & 255}`
      assert.equal(await downloadActive(client, port, '127.0.0.1'), 'active')
      assert.equal(await downloadActive(client, (n) => `EPRT |1|127.0.0.1|${n}|`, '127.0.0.1'), 'active')
    }))

  test('IPv6: EPSV and EPRT work, PASV says what to use', () =>
    withLogin('::1', async (client) => {
      await client.upload('STOR a', 'six')
      assert.equal((await client.download('RETR a')).text, 'six')
      assert.equal(await downloadActive(client, (n) => `EPRT |2|::1|${n}|`, '::1'), 'six')
      assert.match(await client.send('PASV'), /^425/)
      assert.match(await client.send('EPSV 1'), /^522 .*\(2\)/)
    }))

  for (const [way, native] of Object.entries({ with: true, without: false }))
    test(`link-local IPv6: EPSV and EPRT work, ${way} the addon`, needsLinkLocal, () =>
      withLogin(
        linkLocal ?? '',
        async (client) => {
          await client.upload('STOR a', 'here')
          assert.equal((await client.download('RETR a')).text, 'here')
          const [bare = ''] = linkLocal?.split('%') ?? []
          const back = await downloadActive(client, (n) => `EPRT |2|${bare}|${n}|`, linkLocal ?? '')
          assert.equal(back, 'here')
        },
        native,
      ),
    )

  test('the configured address and range stand in PASV', async () => {
    const { server: taken, port } = await listen('127.0.0.1')
    const server = await startFtpServer({
      settings: { passiveAddress: () => '203.0.113.9', passivePorts: { from: port, to: port } },
    })
    const client = await connectFtp(server)
    await client.login('legacy')
    assert.match(await client.send('PASV'), /^425/)
    taken.close()
    await once(taken, 'close')
    assert.equal(
      await client.send('PASV'),
      `227 Entering Passive Mode (203,0,113,9,${port >> 8},${port & 255}).`,
    )
    client.destroy()
    await server.close()
  })

  for (const [way, native] of Object.entries({ with: true, without: false }))
    test(`a range that is used up is 425 for the client and in the log for the operator, ${way} the addon`, async () => {
      const { server: taken, port } = await listen('127.0.0.1')
      const server = await startFtpServer({ settings: { passivePorts: { from: port, to: port } }, native })
      const client = await connectFtp(server)
      await client.login('legacy')
      assert.equal(await client.send('EPSV'), '425 No data connection.')
      assert.match(await client.send('PASV'), /^425/)
      const said = server.logged.filter(
        (one) => Array.isArray(one) && one[1] === 'no passive port for a client',
      )
      assert.equal(said.length, 1)
      assert.match(inspect(said, { depth: 4 }), new RegExp(`no passive port is free(.|\\n)*from: ${port}`))
      client.destroy()
      taken.close()
      await server.close()
    })

  test(
    'a client that cannot be let in for want of descriptors is told of in the log, once',
    needsNative,
    async (t) => {
      assert.ok(addon)
      const { acceptPeer } = addon
      const state = { free: false }
      const scarce: Native = {
        ...addon,
        acceptPeer: (listener, peer) => (state.free ? acceptPeer(listener, peer) : -constants.errno.EMFILE),
      }
      const server = await startFtpServer({ settings: { dataConnectMs: 50 }, native: scarce })
      t.after(() => server.close())
      const client = await connectFtp(server)
      t.after(() => client.destroy())
      await client.login('legacy')
      const said = () =>
        server.logged.filter(
          (one) => Array.isArray(one) && one[1] === 'the system lets no data connection in',
        )
      for (let tries = 0; tries < 2; tries += 1) {
        const data = await client.data()
        assert.match(await client.send('MLSD'), /^150/)
        assert.match((await client.reply()) ?? '', /^425/)
        data.socket.destroy()
      }
      assert.equal(said().length, 1)
      assert.match(inspect(said()), /EMFILE/)
      state.free = true
      assert.match((await client.download('MLSD')).reply, /^226/)
      state.free = false
      const data = await client.data()
      assert.match(await client.send('MLSD'), /^150/)
      assert.match((await client.reply()) ?? '', /^425/)
      data.socket.destroy()
      assert.equal(said().length, 2)
      client.destroy()
      await server.close()
    },
  )

  test('PASV says so when the address is not known, and EPSV works all the same', async () => {
    const server = await startFtpServer({ settings: { passiveAddress: () => undefined } })
    const client = await connectFtp(server)
    await client.login('legacy')
    assert.equal(await client.send('PASV'), '425 The address is not known now; use EPSV.')
    assert.match(await client.upload('STOR a', 'x'), /^226/)
    client.destroy()
    await server.close()
  })

  test('active connections go out from the configured port, one after the other', async () => {
    const { server: taken, port: activePort } = await listen('127.0.0.1')
    taken.close()
    await once(taken, 'close')
    const server = await startFtpServer({ settings: { activePort } })
    const client = await connectFtp(server)
    await client.login('legacy')
    for (let round = 0; round < 3; round += 1) {
      const { server: mine, port } = await listen('127.0.0.1')
      const arrived = once(mine, 'connection')
      await client.send(`EPRT |1|127.0.0.1|${port}|`)
      assert.match(await client.send('NLST'), /^150/)
      const [socket] = (await arrived) as [Socket]
      assert.equal(socket.remotePort, activePort)
      await dataClient(socket).read()
      assert.match((await client.reply()) ?? '', /^226/)
      mine.close()
    }
    client.destroy()
    await server.close()
  })

  test('a data client may speak TLS before the command is there', () =>
    withLogin('127.0.0.1', async (_client, server) => {
      const client = await connectFtp(server)
      await client.secure()
      await client.login()
      const data = await client.data()
      for (let n = 0; n < 5; n += 1) await client.send('NOOP')
      assert.match(await client.send('NLST'), /^150/)
      assert.equal((await data.read()).toString(), '')
      assert.match((await client.reply()) ?? '', /^226/)
      client.destroy()
    }))
})
