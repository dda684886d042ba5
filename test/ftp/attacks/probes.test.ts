import assert from 'node:assert/strict'
import { symlinkSync, writeFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { inspect } from 'node:util'
import { ACTIONS } from '../../../src/core/identity.ts'
import { COMMANDS } from '../../../src/ftp/table.ts'
import { connectFtp, dataClient } from '../../helpers/ftp-client.ts'
import { FTP_PASSWORD, type FtpTestServer, ftpUser, startFtpServer } from '../../helpers/ftp-server.ts'
import { createLocalUnderTest } from '../../helpers/local-storage.ts'
import { mount } from '../../helpers/vfs.ts'

/** What other servers were caught at; the numbers are those of the audit that found them. */
describe('probes', () => {
  let server: FtpTestServer
  before(async () => {
    // Probes make more mistakes than a session may.
    server = await startFtpServer({ settings: { maxBadCommands: 0 } })
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

  test('7: no password in a log line or an audit event, whatever became of it', async () => {
    const wrong = 'not the password'
    const client = await connectFtp(server)
    await client.send('USER legacy')
    assert.match(await client.send(`PASS ${wrong}`), /^530/)
    await client.send(`PASS ${wrong}`)
    await client.send(`PASS\t${wrong}`)
    await client.send('USER mfa')
    await client.send(`ACCT ${wrong}`)
    await client.secure()
    await client.login('alice')
    await client.send(`PASS ${FTP_PASSWORD}`)
    client.destroy()
    await server.connections.at(-1)?.done
    const written = inspect([server.events, server.logged], { depth: 12, maxArrayLength: null })
    assert.match(written, /login\.granted/)
    assert.ok(!written.includes(FTP_PASSWORD) && !written.includes(wrong))
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

  test('9: PORT and EPRT to a port of a service are refused, and drop the plan before them', async () => {
    const client = await connectFtp(server)
    await client.login('legacy')
    for (const port of [1, 21, 22, 25, 1023]) {
      await client.send('EPSV')
      assert.match(await client.send(`PORT 127,0,0,1,${port >> 8},${port & 255}`), /^504/)
      assert.match(await client.send('NLST'), /^425/)
      await client.send('EPSV')
      assert.match(await client.send(`EPRT |1|127.0.0.1|${port}|`), /^504/)
      assert.match(await client.send('NLST'), /^425/)
    }
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

  test('11: every command without its argument, or with blanks for it, is answered', async () => {
    for (const login of [false, true]) {
      const client = await connectFtp(server)
      if (login) await client.login('legacy')
      for (const verb of COMMANDS.keys()) {
        if (['QUIT', 'REIN', 'AUTH'].includes(verb)) continue
        for (const line of [verb, `${verb} `, `${verb}   `, `${verb.toLowerCase()} -`]) {
          assert.match(await client.send(line), /^[2345]\d\d/, line)
          // A data connection that nobody makes would be waited for.
          if (/^(PASV|EPSV|PORT|EPRT)/i.test(line)) await client.send('ABOR')
        }
      }
      for (const line of ['SITE CHMOD', 'SITE UTIME', 'OPTS MLST', 'OPTS UTF8', 'SITE '])
        assert.match(await client.send(line), /^[2345]\d\d/, line)
      client.destroy()
    }
  })

  test('12: no reply names a path or an error of the server itself', async () => {
    const local = await createLocalUnderTest()
    const people = [ftpUser('disk', ACTIONS, { mounts: [mount('/', local.root, ACTIONS)] })]
    const own = await startFtpServer({ storage: local.storage, people, settings: { maxBadCommands: 0 } })
    const client = await connectFtp(own)
    await client.secure()
    await client.login('disk')
    const replies = [await client.upload('STOR file', 'x'), await client.send('MKD dir')]
    const files = [...COMMANDS].filter(([, row]) => row.needs !== 'nothing' && row.argument !== 'none')
    for (const [verb] of files) {
      for (const name of [
        'none',
        'none/none',
        'file',
        'file/x',
        'dir',
        '/',
        '..',
        'x'.repeat(300),
        '20200101000000 none',
      ]) {
        if (COMMANDS.get(verb)?.needs === 'data') await client.send('EPSV')
        const reply = await client.send(`${verb} ${name}`)
        replies.push(reply)
        if (!reply.startsWith('150')) continue
        client.write('ABOR\r\n')
        replies.push((await client.reply()) ?? '', (await client.reply()) ?? '')
      }
    }
    for (const name of ['none', 'dir/none', 'file/x'])
      replies.push(await client.send(`SITE CHMOD 600 ${name}`))
    client.destroy()
    await own.close()
    await local.close()
    const said = replies.join('\n')
    assert.match(said, /^257 "\/dir"/m)
    assert.ok(!said.includes(local.root) && !/\/tmp|\/home|\/proc|E[A-Z]{4,}:|errno|syscall/.test(said), said)
    assert.deepEqual(own.errors, [])
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
    assert.match((await other.download('RETR cut')).reply, /^550 Upload is not finished/)
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
    assert.match((await again.download('RETR dead')).reply, /^550 Upload is not finished/)
    again.destroy()
  })

  test('14: neither dots nor a link lead out of the root', async () => {
    const local = await createLocalUnderTest()
    writeFileSync(local.outside, 'secret')
    symlinkSync(local.outside, join(local.root, 'link'))
    symlinkSync('/etc', join(local.root, 'etc'))
    const people = [ftpUser('disk', ACTIONS, { mounts: [mount('/', local.root, ACTIONS)] })]
    const own = await startFtpServer({ storage: local.storage, people, settings: { maxBadCommands: 0 } })
    const client = await connectFtp(own)
    await client.secure()
    await client.login('disk')
    for (const path of [
      'link',
      'etc/passwd',
      '../outside',
      '/../outside',
      'etc/../../outside',
      '//..//outside',
    ])
      assert.match((await client.download(`RETR ${path}`)).reply, /^550/, path)
    assert.match(await client.send('CWD etc'), /^550/)
    assert.match(await client.upload('STOR etc/new', 'x'), /^553/)
    assert.match((await client.download('LIST etc')).reply, /^[25]/)
    assert.ok(!(await client.download('MLSD')).text.includes('type=dir'))
    client.destroy()
    await own.close()
    await local.close()
    assert.deepEqual(own.errors, [])
  })
})
