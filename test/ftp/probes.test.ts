import assert from 'node:assert/strict'
import { connect as connectTcp } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { connectFtp, dataClient } from '../helpers/ftp-client.ts'
import { FTP_PASSWORD, type FtpTestServer, startFtpServer } from '../helpers/ftp-server.ts'

/** What other servers were caught at; the numbers are those of the audit that found them. */
describe('probes', () => {
  let server: FtpTestServer
  before(async () => {
    server = await startFtpServer()
  })
  after(async () => {
    await server.close()
    assert.deepEqual(server.errors, [])
  })
  const portOf = (reply: string): number => Number(/\|(\d+)\|\)/.exec(reply)?.[1])
  const refusesConnections = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connectTcp({ host: server.host, port })
      socket.once('connect', () => {
        socket.destroy()
        resolve(false)
      })
      socket.once('error', () => resolve(true))
    })

  test('1: what stands behind AUTH TLS in clear ends the session and is never run', async () => {
    const client = await connectFtp(server)
    client.write('AUTH TLS\r\nUSER legacy\r\nPASS injected\r\n')
    assert.match((await client.reply()) ?? '', /^421/)
    await client.closed()
    assert.equal(server.events.filter((event) => event.type === 'login.denied').length, 0)
  })

  test('1: half a line behind AUTH TLS does as well', async () => {
    const client = await connectFtp(server)
    client.write('AUTH TLS\r\nUSER')
    assert.match((await client.reply()) ?? '', /^421/)
    await client.closed()
  })

  test('2: sixty TLS logins, none fails', async () => {
    for (let n = 0; n < 60; n += 1) {
      const client = await connectFtp(server)
      await client.secure()
      await client.login()
      client.destroy()
    }
  })

  test('3: a line cut in two is one command', async () => {
    const client = await connectFtp(server)
    client.write('NO')
    await new Promise((resolve) => setImmediate(resolve))
    client.write('OP\r')
    await new Promise((resolve) => setImmediate(resolve))
    client.write('\n')
    assert.equal(await client.reply(), '200 OK.')
    client.destroy()
  })

  test('4: a line without an end is dropped, then the session', async () => {
    const client = await connectFtp(server)
    client.socket.on('error', () => undefined)
    for (let n = 0; n < 64; n += 1) client.write('x'.repeat(65_536))
    const replies = [await client.reply(), await client.reply()]
    assert.ok(replies.some((reply) => reply?.startsWith('421')))
    await client.closed()
  })

  test('5: replies come in the order of the commands', async () => {
    const client = await connectFtp(server)
    client.write(`USER legacy\r\nPASS ${FTP_PASSWORD}\r\nNOOP\r\nPWD\r\n`)
    const codes = []
    for (let n = 0; n < 4; n += 1) codes.push((await client.reply())?.slice(0, 3))
    assert.deepEqual(codes, ['331', '230', '200', '257'])
    client.destroy()
  })

  test('6: the third wrong password is the last', async () => {
    const client = await connectFtp(server)
    for (let n = 0; n < 3; n += 1) {
      await client.send('USER legacy')
      assert.match(await client.send('PASS no'), /^530/)
    }
    await client.closed()
  })

  test('6: the right half of a login that FTP cannot complete is one more wrong password', async () => {
    const client = await connectFtp(server)
    for (let n = 0; n < 3; n += 1) {
      assert.match(await client.send('USER keypass'), /^331/)
      assert.match(await client.send(`PASS ${FTP_PASSWORD}`), /^530 Login incorrect/)
    }
    await client.closed()
    const denied = server.events.filter((event) => event.type === 'login.denied' && event.user === 'keypass')
    assert.equal(denied.length, 3)
  })

  test('8: a stranger at the passive port is dropped, and the session goes on', async () => {
    const client = await connectFtp(server)
    await client.login('legacy')
    await client.upload('STOR mine', 'secret')
    const port = portOf(await client.send('EPSV'))
    const stranger = connectTcp({ host: server.host, port, localAddress: '127.0.0.2' })
    const stolen = dataClient(stranger).read()
    stranger.on('error', () => undefined)
    assert.equal((await stolen).length, 0)
    const data = dataClient(connectTcp({ host: server.host, port }))
    assert.match(await client.send('RETR mine'), /^150/)
    assert.equal((await data.read()).toString(), 'secret')
    assert.match((await client.reply()) ?? '', /^226/)
    client.destroy()
  })

  test('10: one listener per session, closed with it', async () => {
    const client = await connectFtp(server)
    await client.login('legacy')
    const ports: number[] = []
    for (let n = 0; n < 60; n += 1) ports.push(portOf(await client.send('EPSV')))
    const last = ports.pop() ?? 0
    for (const port of ports) if (port !== last) assert.ok(await refusesConnections(port), String(port))
    client.destroy()
    await server.connections.at(-1)?.done
    assert.ok(await refusesConnections(last))
  })

  test('13: an upload that breaks leaves the old file, and the part for its owner', async () => {
    const client = await connectFtp(server)
    await client.login('legacy')
    await client.upload('STOR keep', 'old version')
    const data = await client.data()
    await client.send('STOR keep')
    data.socket.write('new')
    await client.moved(3)
    data.socket.resetAndDestroy()
    assert.match((await client.reply()) ?? '', /^426/)
    assert.equal(await client.send('SIZE keep'), '213 3')
    await client.send('DELE keep')
    assert.equal((await client.download('RETR keep')).text, 'old version')
    client.destroy()
  })

  test('a TLS upload that is cut without close_notify is not a file', async () => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const client = await connectFtp(server, { maxVersion })
      await client.secure()
      await client.login()
      const raw = connectTcp({ host: server.host, port: portOf(await client.send('EPSV')) })
      const secure = connectTls({ socket: raw, ca: server.authority, servername: 'localhost', maxVersion })
      secure.on('error', () => undefined)
      await client.send('STOR cut')
      secure.write('half a file')
      await client.moved(11)
      // The end of the TCP stream, with all of it received.
      raw.end()
      assert.match((await client.reply()) ?? '', /^426/, maxVersion)
      client.destroy()
    }
    const other = await connectFtp(server)
    await other.secure()
    await other.login()
    assert.match((await other.download('RETR cut')).reply, /^450/)
    other.destroy()
  })

  test('a TLS upload that is reset is not a file, and breaks nothing else', async () => {
    const client = await connectFtp(server)
    await client.secure()
    await client.login()
    const raw = connectTcp({ host: server.host, port: portOf(await client.send('EPSV')) })
    const secure = connectTls({ socket: raw, ca: server.authority, servername: 'localhost' })
    secure.on('error', () => undefined)
    await client.send('STOR reset')
    secure.write('half a file')
    await client.moved(11)
    raw.resetAndDestroy()
    assert.match((await client.reply()) ?? '', /^426/)
    assert.equal(await client.send('NOOP'), '200 OK.')
    client.destroy()
  })

  test('an upload is whole once its end has come, though the client is gone by then', async () => {
    for (const secured of [false, true]) {
      const client = await connectFtp(server)
      if (secured) await client.secure()
      await client.login(secured ? 'alice' : 'legacy')
      for (let n = 0; n < 20; n += 1) {
        const data = await client.data()
        await client.send('STOR quick')
        await data.established
        data.socket.end('content', () => data.socket.destroy())
        assert.match((await client.reply()) ?? '', /^226/)
      }
      client.destroy()
    }
  })

  test('a client that says nothing more while it uploads has died: no file', async () => {
    const client = await connectFtp(server)
    await client.login('legacy')
    const data = await client.data()
    await client.send('STOR dead')
    data.socket.write('half')
    await client.moved(4)
    client.socket.end()
    data.socket.end()
    await server.connections.at(-1)?.done
    const again = await connectFtp(server)
    await again.login('legacy')
    assert.match((await again.download('RETR dead')).reply, /^450/)
    again.destroy()
  })

  test('ten thousand pipelined commands are answered in order, in bounded memory', async () => {
    const client = await connectFtp(server)
    client.write(`${'NOOP\r\n'.repeat(9_999)}SYST\r\n`)
    for (let n = 0; n < 9_999; n += 1) assert.equal(await client.reply(), '200 OK.')
    assert.match((await client.reply()) ?? '', /^215/)
    client.destroy()
  })

  test('no password in a log line or an audit event', () => {
    assert.ok(!JSON.stringify([server.events, server.errors]).includes(FTP_PASSWORD))
  })
})
