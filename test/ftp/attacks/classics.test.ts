import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp, createServer } from 'node:net'
import { describe, test } from 'node:test'
import { createFakeClock, type FakeClock } from '../../helpers/fake-clock.ts'
import { connectFtp, type FtpClient } from '../../helpers/ftp-client.ts'
import { FTP_SETTINGS, type FtpTestServer, startFtpServer } from '../../helpers/ftp-server.ts'

const BIG = Buffer.alloc(64 * 1024 * 1024, 'x')
/** Of this process, which is server and client at once. */
const MOST_CPU_MS = 3_000
/** What one read may bring. */
const MANY_LINES = 16 * 1024
const MANY_LINES_MS = 1_000

/** Who connects to a port that is not his is dropped by then, at the latest. */
const STRANGER_MS = 200
const WAYS = { 'with the addon': true, 'without the addon': false }

type Ground = Readonly<{ server: FtpTestServer; client: FtpClient; clock: FakeClock }>

/** A logged-in client; the clock stands still unless the test moves it. */
async function withLoginAt(native: boolean, use: (ground: Ground) => Promise<void>): Promise<void> {
  const clock = createFakeClock()
  const server = await startFtpServer({ clock, native })
  const client = await connectFtp(server)
  await client.login('legacy')
  try {
    await use({ server, client, clock })
  } finally {
    client.destroy()
    await server.close()
  }
  assert.deepEqual(server.errors, [])
}

const portOf = (reply: string): number => Number(/\|(\d+)\|\)/.exec(reply)?.[1])

async function cpuMs(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

for (const [way, native] of Object.entries(WAYS)) {
  describe(`classic attacks, ${way}`, () => {
    const withLogin = (use: (ground: Ground) => Promise<void>) => withLoginAt(native, use)

    test('bounce: no connection to anybody but the client, by PORT or EPRT', () =>
      withLogin(async ({ client }) => {
        const victim = createServer().listen(0, '127.0.0.2')
        await once(victim, 'listening')
        let reached = 0
        victim.on('connection', (socket) => {
          reached += 1
          socket.destroy()
        })
        const address = victim.address()
        const port = typeof address === 'object' && address !== null ? address.port : 0
        for (const line of [`PORT 127,0,0,2,${port >> 8},${port & 255}`, `EPRT |1|127.0.0.2|${port}|`]) {
          assert.match(await client.send(line), /^504/)
          assert.match(await client.send('NLST'), /^425/)
        }
        assert.equal(reached, 0)
        victim.close()
      }))

    test('passive theft: whoever connects first from another address gets nothing', () =>
      withLogin(async ({ server, client, clock }) => {
        await client.upload('STOR mine', 'secret')
        const port = portOf(await client.send('EPSV'))
        const thieves = ['127.0.0.2', '127.0.0.3', '127.0.0.4'].map((localAddress) =>
          connectTcp({ host: server.host, port, localAddress }).on('error', () => undefined),
        )
        for (const thief of thieves) {
          thief.on('data', () => assert.fail('a stranger got data'))
          if (thief.connecting) await once(thief, 'connect')
        }
        await clock.advance(STRANGER_MS)
        for (const thief of thieves) {
          if (!thief.destroyed) await once(thief, 'close')
        }
        const data = client.dataAt(port)
        assert.match(await client.send('RETR mine'), /^150/)
        assert.equal((await data.read()).toString(), 'secret')
        assert.match((await client.reply()) ?? '', /^226/)
      }))

    test('passive theft: a second connection from the right address gets nothing', () =>
      withLogin(async ({ server, client }) => {
        await client.upload('STOR mine', 'secret')
        const port = portOf(await client.send('EPSV'))
        const data = client.dataAt(port)
        await once(data.socket, 'connect')
        const second = connectTcp({ host: server.host, port }).on('error', () => undefined)
        second.on('data', () => assert.fail('a second connection got data'))
        assert.match(await client.send('RETR mine'), /^150/)
        assert.equal((await data.read()).toString(), 'secret')
        assert.match((await client.reply()) ?? '', /^226/)
        second.destroy()
      }))

    test('ALLO and REST overflow: numbers beyond what a file can be are refused or harmless', () =>
      withLogin(async ({ client }) => {
        await client.upload('STOR a', '0123456789')
        for (const huge of ['18446744073709551616', '9223372036854775808', '9'.repeat(4000)]) {
          assert.match(await client.send(`ALLO ${huge}`), /^202/)
          assert.match(await client.send(`REST ${huge}`), /^501/)
          assert.match(await client.send(`XCRC "a" 0 ${huge}`), /^501/)
        }
        for (const offset of ['9007199254740991', '4294967296', '2147483648']) {
          await client.send(`REST ${offset}`)
          assert.match((await client.download('RETR a')).reply, /^554/)
          await client.send(`REST ${offset}`)
          assert.match(await client.upload('STOR a', 'x'), /^554/)
        }
        assert.equal((await client.download('RETR a')).text, '0123456789')
      }))

    test('glob bomb: time is bounded by the folder, and nothing but the last part is a pattern', () =>
      withLogin(async ({ client }) => {
        for (let n = 0; n < 50; n += 1) await client.upload(`STOR ${'a'.repeat(200)}${n}`, '')
        const spent = await cpuMs(async () => {
          for (const bomb of [`${'*a'.repeat(120)}b`, `${'?*'.repeat(120)}`, '*'.repeat(250)])
            assert.match((await client.download(`LIST ${bomb}`)).reply, /^226/)
        })
        assert.ok(spent < MOST_CPU_MS, `${spent} ms`)
        for (const nested of ['*/*', '{a,b}{a,b}', '[a-z]', '~root'])
          assert.match((await client.download(`NLST ${nested}`)).reply, /^550/, nested)
      }))

    test('ten thousand pipelined commands: answered in order', () =>
      withLogin(async ({ client }) => {
        client.write(`${'NOOP\r\n'.repeat(9_999)}SYST\r\n`)
        for (let n = 0; n < 9_999; n += 1) assert.equal(await client.reply(), '200 OK.')
        assert.match((await client.reply()) ?? '', /^215/)
      }))

    test('ten thousand pipelined commands: who reads no reply is not read any further', () =>
      withLogin(async ({ server, client }) => {
        const greedy = connectTcp({ host: server.host, port: server.port }).on('error', () => undefined)
        await once(greedy, 'data')
        greedy.pause()
        // Kernel buffers on both ways hold a few MiB; what is beyond has to stay with the client.
        const block = Buffer.from('HELP\r\n'.repeat(100_000))
        let stuck = false
        for (let n = 0; n < 40 && !stuck; n += 1) {
          stuck = !greedy.write(block)
          if (stuck) await Promise.race([once(greedy, 'drain'), client.send('NOOP')])
          stuck = greedy.writableLength > 0
        }
        assert.ok(stuck)
        assert.equal(await client.send('NOOP'), '200 OK.')
        greedy.destroy()
      }))

    test('a flood behind a transfer: thousands of lines cost what they cost, not their square', () =>
      withLogin(async ({ server, client }) => {
        await client.upload('STOR big', BIG)
        const other = await connectFtp(server)
        const data = await client.data()
        assert.match(await client.send('RETR big'), /^150/)
        const spent = await cpuMs(async () => {
          client.write('\n'.repeat(MANY_LINES))
          for (let n = 0; n < 10; n += 1) await other.send('NOOP')
        })
        assert.ok(spent < MANY_LINES_MS, `${spent} ms`)
        data.socket.destroy()
        other.destroy()
      }))

    test('a flood behind a transfer: who reads no reply is not read any further', () =>
      withLogin(async ({ server, client }) => {
        await client.upload('STOR big', BIG)
        const greedy = await connectFtp(server)
        await greedy.login('legacy')
        const data = await greedy.data()
        assert.match(await greedy.send('RETR big'), /^150/)
        greedy.socket.pause()
        const block = Buffer.from('STAT\r\n'.repeat(100_000))
        let stuck = false
        for (let n = 0; n < 40 && !stuck; n += 1) {
          stuck = !greedy.socket.write(block)
          if (stuck) await Promise.race([once(greedy.socket, 'drain'), client.send('NOOP')])
          stuck = greedy.socket.writableLength > 0
        }
        assert.ok(stuck)
        // Once more, as each command goes through once it is read.
        for (let n = 0; n < 20; n += 1) await client.send('NOOP')
        assert.ok(greedy.socket.writableLength > 0)
        data.socket.destroy()
        greedy.destroy()
      }))

    test('a flood behind a transfer: who reads late has every reply, and ABOR is heard', () =>
      withLogin(async ({ client }) => {
        await client.upload('STOR big', BIG)
        const data = await client.data()
        assert.match(await client.send('RETR big'), /^150/)
        client.socket.pause()
        client.write(`${'STAT\r\n'.repeat(5_000)}ABOR\r\n`)
        await new Promise((resolve) => setImmediate(resolve))
        client.socket.resume()
        for (let n = 0; n < 5_000; n += 1) assert.match((await client.reply()) ?? '', /^211/)
        assert.match((await client.reply()) ?? '', /^426/)
        assert.match((await client.reply()) ?? '', /^226/)
        data.socket.destroy()
      }))

    test('slow reader: the server reads no more of the file than the client takes, then gives up', () =>
      withLogin(async ({ client, clock }) => {
        await client.upload('STOR big', BIG)
        const data = await client.data()
        assert.match(await client.send('RETR big'), /^150/)
        await client.still()
        const moved = Number(/: (\d+) bytes so far/.exec(await client.send('STAT'))?.[1])
        assert.ok(moved < BIG.length / 2, String(moved))
        await clock.advance(FTP_SETTINGS.stallMs)
        assert.match((await client.reply()) ?? '', /^426/)
        data.socket.destroy()
      }))

    test('slow writer: an upload that stands still ends, and is no file', () =>
      withLogin(async ({ server, client, clock }) => {
        const data = await client.data()
        assert.match(await client.send('STOR drip'), /^150/)
        for (let n = 1; n <= 3; n += 1) {
          data.socket.write('x')
          await client.moved(n)
          await clock.advance(FTP_SETTINGS.stallMs - 1)
        }
        await clock.advance(1)
        assert.match((await client.reply()) ?? '', /^426/)
        data.socket.destroy()
        const other = await connectFtp(server)
        await other.login('legacy')
        assert.match((await other.download('RETR drip')).reply, /^550 Upload is not finished/)
        other.destroy()
      }))

    test('slow writer: a login dripped byte by byte has the time of a login, no more', async () => {
      const clock = createFakeClock()
      const server = await startFtpServer({ clock })
      const client = await connectFtp(server)
      for (const byte of 'USER alice') {
        client.write(byte)
        await clock.advance(FTP_SETTINGS.loginGraceMs / 10)
      }
      assert.match((await client.reply()) ?? '', /^421/)
      await client.closed()
      await server.close()
    })

    test('half-finished handshakes: cut after their time, on the control and on the data connection', async () => {
      const clock = createFakeClock()
      const server = await startFtpServer({ clock })
      const halves = await Promise.all(Array.from({ length: 50 }, () => connectFtp(server)))
      for (const half of halves) {
        half.socket.on('error', () => undefined)
        assert.match(await half.send('AUTH TLS'), /^234/)
        half.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]))
      }
      const client = await connectFtp(server)
      await client.secure()
      await client.login()
      const raw = connectTcp({ host: server.host, port: portOf(await client.send('EPSV')) })
      raw.on('error', () => undefined)
      await once(raw, 'connect')
      assert.match(await client.send('NLST'), /^150/)
      await clock.advance(FTP_SETTINGS.tlsHandshakeMs)
      assert.match((await client.reply()) ?? '', /^425/)
      for (const half of halves) await half.closed()
      raw.destroy()
      client.destroy()
      await server.close()
      assert.deepEqual(server.errors, [])
    })
  })
}
