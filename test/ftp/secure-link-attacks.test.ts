// What goes wrong on encrypted data connections without Node's sockets, and what clients do to them on purpose.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { connect as connectTcp, type Socket } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { startCounted } from '../helpers/counted-tls-server.ts'
import { until } from '../helpers/descriptors.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import type { FtpClient } from '../helpers/ftp-client.ts'
import { FTP_SETTINGS, type FtpTestServer } from '../helpers/ftp-server.ts'
import { needsNative } from '../helpers/native.ts'
import { RecordWriter, type TlsClient, tlsClient, WRITABLE_BY_HAND } from '../helpers/tls-wire.ts'

async function setup(t: TestContext) {
  const clock = createFakeClock()
  return { ...(await startCounted(t, { clock })), clock }
}

async function rawData(server: FtpTestServer, client: FtpClient): Promise<Socket> {
  const port = Number(/\|(\d+)\|\)/.exec(await client.send('EPSV'))?.[1])
  return connectTcp({ host: server.host, port, noDelay: true }).on('error', () => undefined)
}

type Session = Awaited<ReturnType<typeof setup>>

type Upload = Readonly<{ raw: Socket; tls: TlsClient; writer: RecordWriter }>

/** An upload whose handshake is over, by a client whose records the test writes. */
async function upload({ server, client, native }: Session, verb = 'STOR a'): Promise<Upload> {
  const { ready } = native.tls
  const raw = await rawData(server, client)
  const tls = tlsClient({ ca: server.authority, servername: 'localhost', ...WRITABLE_BY_HAND })
  raw.on('data', tls.take)
  let over = false
  tls.tls.once('secureConnect', () => {
    over = true
  })
  assert.match(await client.send(verb), /^150/)
  await until(() => {
    raw.write(tls.taken())
    return over
  })
  raw.write(tls.taken())
  await until(() => native.tls.ready > ready)
  return { raw, tls, writer: new RecordWriter(tls) }
}

/** The event loop goes round often enough for whatever would call itself again. */
async function rounds(): Promise<void> {
  for (let n = 0; n < 50; n += 1) await new Promise((resolve) => setImmediate(resolve))
}

async function stillWorks(client: FtpClient): Promise<void> {
  assert.match(await client.upload('STOR works', 'content'), /^226/)
  assert.equal((await client.download('RETR works')).text, 'content')
}

suite('an upload', needsNative, () => {
  test('is a part wherever it is cut, and however', async (t) => {
    const session = await setup(t)
    const { client } = session
    let whole = Number.POSITIVE_INFINITY
    for (let cut = 0; cut <= whole; cut += cut + 3 < whole ? 3 : 1) {
      const { raw, writer } = await upload(session)
      const bytes = Buffer.concat([writer.data('first '), writer.data('second'), writer.closeNotify()])
      whole = bytes.length
      await new Promise((resolve) => raw.write(bytes.subarray(0, cut), resolve))
      if (cut % 2 === 0) raw.end()
      else if (cut < whole) raw.resetAndDestroy()
      assert.match((await client.reply()) ?? '', cut === whole ? /^226/ : /^426/, `cut at ${cut} of ${whole}`)
      if (cut < whole) assert.match((await client.download('RETR a')).reply, /^[45]50/)
      raw.destroy()
    }
    assert.equal((await client.download('RETR a')).text, 'first second')
  })

  test('that its client gives up with an alert is a part, though all comes in one piece', async (t) => {
    const session = await setup(t)
    const { client } = session
    for (const description of [10, 20, 80]) {
      const { raw, writer } = await upload(session)
      raw.end(Buffer.concat([writer.data('bytes'), writer.alert(2, description)]))
      assert.match((await client.reply()) ?? '', /^426/)
      assert.match((await client.download('RETR a')).reply, /^[45]50/)
    }
    await stillWorks(client)
  })

  test('that was changed on its way is a part', async (t) => {
    const session = await setup(t)
    const { client } = session
    const { raw, writer } = await upload(session)
    const [first, second] = [writer.data('first'), writer.data('second')]
    second[10] = (second[10] ?? 0) ^ 1
    raw.end(Buffer.concat([first, second, writer.closeNotify()]))
    assert.match((await client.reply()) ?? '', /^426/)
    await stillWorks(client)
  })

  test('that stops in the middle of a record costs nothing, and stalls out', async (t) => {
    const session = await setup(t)
    const { client, native, clock } = session
    const { raw, writer } = await upload(session)
    raw.write(Buffer.concat([writer.data('whole'), writer.data('half').subarray(0, 9)]))
    await client.moved(5)
    await rounds()
    const before = { ...native.tls }
    await rounds()
    assert.deepEqual({ ...native.tls }, before, 'nobody was called')
    await clock.advance(FTP_SETTINGS.stallMs)
    assert.match((await client.reply()) ?? '', /^426/)
    await until(() => raw.destroyed || raw.readableEnded)
    await stillWorks(client)
  })

  test('goes on after changes of keys, in small records', async (t) => {
    const session = await setup(t)
    const { client } = session
    const { raw, writer } = await upload(session)
    const parts: Buffer[] = []
    for (let n = 0; n < 300; n += 1) parts.push(writer.data(`${n},`), writer.keyUpdate(n % 2 === 0))
    raw.end(Buffer.concat([...parts, writer.closeNotify()]))
    assert.match((await client.reply()) ?? '', /^226/)
    const { text } = await client.download('RETR a')
    assert.equal(text, Array.from({ length: 300 }, (_, n) => `${n},`).join(''))
  })

  test('of changes of keys alone is a part, and ends at once', async (t) => {
    const session = await setup(t)
    const { client, native } = session
    const { raw, writer } = await upload(session)
    const parts = [writer.data('bytes'), ...Array.from({ length: 5000 }, () => writer.keyUpdate(true))]
    raw.write(Buffer.concat(parts))
    assert.match((await client.reply()) ?? '', /^426/)
    assert.equal(native.tls.closed, native.tls.opened)
    await stillWorks(client)
  })

  for (const way of ['ABOR', 'STAT and loss', 'end of the session'] as const)
    test(`ends with ${way}`, async (t) => {
      const session = await setup(t)
      const { server, client, native } = session
      const { raw, writer } = await upload(session)
      raw.write(writer.data('bytes'))
      await client.moved(5)
      if (way === 'ABOR') {
        assert.match(await client.send('ABOR'), /^426/)
        assert.match((await client.reply()) ?? '', /^226/)
        await stillWorks(client)
      } else if (way === 'end of the session')
        for (const connection of server.connections) connection.close('now')
      else client.destroy()
      await until(() => native.tls.closed === native.tls.opened)
    })
})

suite('a handshake', needsNative, () => {
  test('that stops at any byte costs nothing, and its time is limited', async (t) => {
    const { server, client, native, clock } = await setup(t)
    const hello = tlsClient({ ca: server.authority, servername: 'localhost' }).taken()
    for (const cut of [0, 1, 4, 5, 6, 9, 40, 100, hello.length - 1, hello.length]) {
      const raw = await rawData(server, client)
      assert.match(await client.send('STOR a'), /^150/)
      raw.write(hello.subarray(0, cut))
      const opened = native.tls.opened
      await until(() => native.tls.opened > opened || native.tls.shaken > 0)
      await rounds()
      const before = { ...native.tls }
      await rounds()
      assert.deepEqual({ ...native.tls }, before, `nobody was called, ${cut} bytes`)
      await clock.advance(FTP_SETTINGS.tlsHandshakeMs)
      assert.match((await client.reply()) ?? '', /^425/, `${cut} bytes`)
      raw.destroy()
    }
    await stillWorks(client)
  })

  test('that is none ends the transfer at once, not the session', async (t) => {
    const { server, client } = await setup(t)
    const huge = Buffer.concat([Buffer.from('160301400001ffffff', 'hex'), randomBytes(0x4000)])
    for (const bytes of [
      Buffer.from('RETR a\r\n'),
      randomBytes(2000).fill(0xff, 0, 5),
      huge,
      Buffer.alloc(0),
    ])
      for (const verb of ['STOR a', 'NLST']) {
        const raw = await rawData(server, client)
        raw.end(bytes)
        assert.match(await client.send(verb), /^150/)
        assert.match((await client.reply()) ?? '', /^425/, verb)
        raw.destroy()
      }
    await stillWorks(client)
  })

  for (const way of ['ABOR', 'loss', 'end of the session'] as const)
    test(`ends with ${way}`, async (t) => {
      const { server, client, native } = await setup(t)
      const raw = await rawData(server, client)
      assert.match(await client.send('STOR a'), /^150/)
      await until(() => native.tls.opened === 1)
      if (way === 'ABOR') {
        assert.match(await client.send('ABOR'), /^426/)
        assert.match((await client.reply()) ?? '', /^226/)
        await stillWorks(client)
      } else if (way === 'end of the session')
        for (const connection of server.connections) connection.close('now')
      else client.destroy()
      await until(() => native.tls.closed === native.tls.opened)
      raw.destroy()
    })
})

suite('a download', needsNative, () => {
  test('that is not read ends with ABOR, and with the stall limit', async (t) => {
    const { client, clock } = await setup(t)
    assert.match(await client.upload('STOR big', Buffer.alloc(24 * 1024 * 1024)), /^226/)
    for (const way of ['ABOR', 'stall']) {
      const data = await client.data()
      assert.match(await client.send('RETR big'), /^150/)
      await data.established
      await client.still()
      if (way === 'ABOR') {
        assert.match(await client.send('ABOR'), /^426/)
        assert.match((await client.reply()) ?? '', /^226/)
      } else {
        await clock.advance(FTP_SETTINGS.stallMs)
        assert.match((await client.reply()) ?? '', /^426/)
      }
      data.socket.destroy()
    }
    await stillWorks(client)
  })

  test('whose client goes away is told as lost', async (t) => {
    const { client, native } = await setup(t)
    assert.match(await client.upload('STOR big', Buffer.alloc(24 * 1024 * 1024)), /^226/)
    const data = await client.data()
    assert.match(await client.send('RETR big'), /^150/)
    await until(() => native.tls.ready === 2)
    data.socket.destroy()
    assert.match((await client.reply()) ?? '', /^426/)
    await stillWorks(client)
  })

  test('into which the client talks comes whole', async (t) => {
    const session = await setup(t)
    const { client } = session
    const content = randomBytes(3 * 1024 * 1024)
    assert.match(await client.upload('STOR a', content), /^226/)
    const { raw, tls, writer } = await upload(session, 'RETR a')
    raw.write(Buffer.concat(Array.from({ length: 200 }, () => writer.data('noise'))))
    const parts: Buffer[] = []
    tls.tls.on('data', (bytes: Buffer) => parts.push(bytes))
    assert.match((await client.reply()) ?? '', /^226/)
    await until(() => parts.reduce((sum, part) => sum + part.length, 0) >= content.length)
    assert.ok(Buffer.concat(parts).equals(content))
    raw.destroy()
  })
})
