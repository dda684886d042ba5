import assert from 'node:assert/strict'
import { connect as connectTcp } from 'node:net'
import { describe, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { connectFtp, dataClient } from '../helpers/ftp-client.ts'
import { startFtpServer } from '../helpers/ftp-server.ts'

describe('TLS', () => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`require: data connections resume this control connection's session, ${maxVersion}`, async () => {
      const server = await startFtpServer({ settings: { tlsReuse: 'require' } })
      const mine = await connectFtp(server, { maxVersion })
      await mine.secure()
      await mine.login()
      assert.match(await mine.upload('STOR a', 'content'), /^226/)
      assert.equal((await mine.download('RETR a')).text, 'content')

      const other = await connectFtp(server, { maxVersion })
      await other.secure()
      const port = Number(/\|(\d+)\|\)/.exec(await mine.send('EPSV'))?.[1])
      const foreign = other.dataAt(port)
      assert.match(await mine.send('RETR a'), /^150/)
      assert.match((await mine.reply()) ?? '', /^425/)
      assert.equal((await foreign.read()).length, 0)

      const fresh = Number(/\|(\d+)\|\)/.exec(await mine.send('EPSV'))?.[1])
      const raw = connectTcp({ host: server.host, port: fresh })
      const secure = connectTls({ socket: raw, ca: server.authority, servername: 'localhost', maxVersion })
      secure.on('error', () => undefined)
      const none = dataClient(secure)
      assert.match(await mine.send('RETR a'), /^150/)
      assert.match((await mine.reply()) ?? '', /^425/)
      assert.equal((await none.read()).length, 0)
      mine.destroy()
      other.destroy()
      await server.close()
      assert.deepEqual(server.errors, [])
    })
  }

  test('replies and downloads go on when a client that was slow reads again', async () => {
    const server = await startFtpServer({})
    const client = await connectFtp(server)
    await client.secure()
    await client.login()
    const content = 'x'.repeat(8 * 1024 * 1024)
    assert.match(await client.upload('STOR large', content), /^226/)
    const data = await client.data()
    assert.match(await client.send('RETR large'), /^150/)
    // More than the kernel takes without a reader.
    await data.established
    await client.still()
    assert.equal((await data.read()).length, content.length)
    assert.match((await client.reply()) ?? '', /^226/)
    const questions = 10_000
    client.socket.pause()
    client.write('HELP\r\n'.repeat(questions))
    const other = await connectFtp(server)
    for (let n = 0; n < 50; n += 1) await other.send('HELP')
    other.destroy()
    client.socket.resume()
    for (let n = 0; n < questions; n += 1) assert.match((await client.reply()) ?? '', /^214/)
    client.destroy()
    await server.close()
  })

  test('TLS 1.1 and ciphers without forward secrecy get no handshake', async () => {
    const server = await startFtpServer({ settings: { tls: 'implicit' } })
    for (const offer of [
      { maxVersion: 'TLSv1.1' as const, minVersion: 'TLSv1.1' as const, ciphers: 'DEFAULT@SECLEVEL=0' },
      { maxVersion: 'TLSv1.2' as const, ciphers: 'AES128-GCM-SHA256' },
      { maxVersion: 'TLSv1.2' as const, ciphers: 'ECDHE-ECDSA-AES128-SHA' },
    ]) {
      const secure = connectTls({ host: server.host, port: server.port, rejectUnauthorized: false, ...offer })
      await assert.rejects(
        new Promise((resolve, reject) => secure.once('secureConnect', resolve).once('error', reject)),
      )
    }
    const secure = connectTls({
      host: server.host,
      port: server.port,
      ca: server.authority,
      servername: 'localhost',
    })
    await new Promise((resolve) => secure.once('secureConnect', resolve))
    assert.equal(secure.getCipher().standardName, 'TLS_AES_128_GCM_SHA256')
    secure.destroy()
    await server.close()
  })

  test('a handshake that does not come ends after its time', async () => {
    const clock = createFakeClock()
    const server = await startFtpServer({ settings: { tls: 'implicit' }, clock })
    const socket = connectTcp({ host: server.host, port: server.port })
    await new Promise((resolve) => socket.once('connect', resolve))
    while (server.connections.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => undefined)
    await clock.advance(15_000)
    await closed
    await server.connections[0]?.done
    await server.close()
  })

  test('garbage in place of a handshake ends the connection', async () => {
    const server = await startFtpServer()
    const client = await connectFtp(server)
    assert.match(await client.send('AUTH TLS'), /^234/)
    client.write('USER legacy\r\n')
    await client.closed()
    await server.connections[0]?.done
    await server.close()
    assert.deepEqual(server.errors, [])
  })
})

test('the audit of a login says what encrypts it and which program the client is', async () => {
  const server = await startFtpServer()
  const client = await connectFtp(server)
  await client.secure()
  await client.send('USER nobody')
  assert.match(await client.send('CLNT too late'), /^200/)
  assert.match(await client.send('PASS x'), /^530/)
  assert.match(await client.send(`CLNT scanner/1.0 ${'x'.repeat(300)}`), /^200/)
  await client.login()
  assert.match(await client.send('CLNT other'), /^200/)
  const plain = await connectFtp(server)
  await plain.login('legacy')
  const granted = server.events.flatMap((event) =>
    event.type === 'login.granted'
      ? [[event.user, event.crypto, event.client?.slice(0, 16), event.client?.length]]
      : [],
  )
  assert.deepEqual(granted, [
    ['alice', 'TLSv1.3 TLS_AES_128_GCM_SHA256', 'scanner/1.0 xxxx', 200],
    ['legacy', undefined, undefined, undefined],
  ])
  client.destroy()
  plain.destroy()
  await server.close()
})
