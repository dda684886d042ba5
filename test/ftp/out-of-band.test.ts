import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts'
import { connectFtp, type DataClient, type FtpClient } from '../helpers/ftp-client.ts'
import { type FtpTestServer, startFtpServer } from '../helpers/ftp-server.ts'

const BIG = Buffer.alloc(64 * 1024 * 1024, 'x')

for (const mode of ['clear', 'tls'] as const) {
  describe(`while a transfer runs over ${mode}`, () => {
    let server: FtpTestServer
    let clock: FakeClock
    let client: FtpClient
    before(async () => {
      clock = createFakeClock()
      server = await startFtpServer({ clock })
    })
    after(async () => {
      await server.close()
      assert.deepEqual(server.errors, [])
    })
    const open = async (): Promise<void> => {
      client = await connectFtp(server)
      if (mode === 'tls') await client.secure()
      await client.login(mode === 'tls' ? 'alice' : 'legacy')
    }
    /** A download that cannot end, since its reader does not read. */
    const stuck = async (): Promise<DataClient> => {
      const data = await client.data()
      data.socket.pause()
      assert.match(await client.send('RETR big'), /^150/)
      return data
    }

    test('ABOR ends a download: 426, then 226', async () => {
      await open()
      assert.match(await client.upload('STOR big', BIG), /^226/)
      const data = await stuck()
      assert.match(await client.send('ABOR'), /^426/)
      assert.match((await client.reply()) ?? '', /^226/)
      data.socket.destroy()
      assert.equal(await client.send('NOOP'), '200 OK.')
    })

    test('ABOR ends an upload and keeps its part', async () => {
      const data = await client.data()
      await client.send('STOR part')
      await data.established
      data.socket.write('12345')
      await client.moved(5)
      assert.match(await client.send('ABOR'), /^426/)
      assert.match((await client.reply()) ?? '', /^226/)
      assert.equal(await client.send('SIZE part'), '213 5')
      await client.send('REST 5')
      assert.match(await client.upload('STOR part', '678'), /^226/)
      assert.equal((await client.download('RETR part')).text, '12345678')
      data.socket.destroy()
    })

    test('ABOR before anybody connects', async () => {
      await client.send('EPSV')
      assert.match(await client.send('STOR nothing'), /^150/)
      assert.match(await client.send('ABOR'), /^426/)
      assert.match((await client.reply()) ?? '', /^226/)
    })

    test('NOOP and STAT are answered at once, others wait', async () => {
      const data = await stuck()
      assert.equal(await client.send('NOOP'), '200 OK.')
      assert.match(await client.send('STAT'), /RETR: \d+ bytes so far/)
      client.write('PWD\r\nABOR\r\n')
      assert.match((await client.reply()) ?? '', /^426/)
      assert.match((await client.reply()) ?? '', /^257/)
      assert.match((await client.reply()) ?? '', /^226/)
      data.socket.destroy()
    })

    test('what comes with a transfer is answered behind its first reply', async () => {
      for (const line of [
        'APPE nowhere/a',
        'STOU nowhere/a',
        'STOR nowhere/a',
        'LIST nowhere',
        'RETR nowhere',
      ]) {
        await client.send('EPSV')
        client.write(`${line}\r\nNOOP\r\nSTAT\r\n`)
        assert.match((await client.reply()) ?? '', /^55/, line)
        assert.match((await client.reply()) ?? '', /^200/, line)
        assert.match((await client.reply()) ?? '', /^211/, line)
      }
      const data = await client.data()
      client.write('APPE part\r\nNOOP\r\nSTAT\r\n')
      assert.match((await client.reply()) ?? '', /^150/)
      assert.match((await client.reply()) ?? '', /^200/)
      assert.match((await client.reply()) ?? '', /APPE: 0 bytes so far/)
      await data.established
      data.socket.end()
      data.socket.resume()
      assert.match((await client.reply()) ?? '', /^226/)
    })

    test('NOOP does not overtake the only reply of a digest', async () => {
      assert.match(await client.upload('STOR digested', 'content'), /^226/)
      for (const [line, first] of [
        ['HASH nowhere', /^550/],
        ['XCRC nowhere', /^550/],
        ['HASH digested', /^213/],
        ['XMD5 digested', /^250/],
      ] as const) {
        client.write(`${line}\r\nNOOP\r\n`)
        assert.match((await client.reply()) ?? '', first, line)
        assert.match((await client.reply()) ?? '', /^200/, line)
      }
    })

    test('a transfer in which nothing moves is ended', async () => {
      const data = await stuck()
      await client.still()
      await clock.advance(300_000)
      assert.match((await client.reply()) ?? '', /^426/)
      data.socket.destroy()
    })

    test('QUIT waits for the transfer', async () => {
      const data = await client.data()
      await client.send('RETR part')
      client.write('QUIT\r\n')
      assert.equal((await data.read()).toString(), '12345678')
      assert.match((await client.reply()) ?? '', /^226/)
      assert.match((await client.reply()) ?? '', /^221/)
      await client.closed()
      await server.connections.at(-1)?.done
    })

    test('a drain waits for the transfer and ends idle sessions', async () => {
      await open()
      const data = await client.data()
      await client.send('RETR part')
      server.connections.at(-1)?.close('draining')
      assert.equal((await data.read()).toString(), '12345678')
      assert.match((await client.reply()) ?? '', /^226/)
      assert.match((await client.reply()) ?? '', /^421/)
      await server.connections.at(-1)?.done
    })

    test('a session that the server ends takes its transfer with it', async () => {
      await open()
      const data = await stuck()
      for (const { principal } of server.sessions.list()) server.sessions.kick(principal.user)
      assert.match((await client.reply()) ?? '', /^426/)
      assert.match((await client.reply()) ?? '', /^421/)
      await server.connections.at(-1)?.done
      data.socket.destroy()
    })

    test('a client that vanishes leaves nothing behind', async () => {
      await open()
      const data = await stuck()
      client.destroy()
      await server.connections.at(-1)?.done
      assert.equal(server.sessions.count, 0)
      data.socket.destroy()
    })
  })
}
