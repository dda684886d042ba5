// What the dated exception openEndedUploads lets pass, and what it does not. tls-uploads.test.ts runs this without the addon and
// without Node's inner names as well.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { after, suite, test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { connectFtp, type FtpClient } from '../helpers/ftp-client.ts'
import { startFtpServer } from '../helpers/ftp-server.ts'

const MIB = 1024 * 1024
const HEADER_BYTES = 5

/** The exception holds while this is true. */
let excepted = true

const server = await startFtpServer({
  settings: { openEnded: (remoteIp) => excepted && remoteIp === '127.0.0.1', modeZ: true },
})
after(async () => {
  await server.close()
  assert.deepEqual(server.errors, [])
})

type Version = 'TLSv1.2' | 'TLSv1.3'

async function login(version: Version): Promise<FtpClient> {
  const client = await connectFtp(server, { maxVersion: version })
  await client.secure()
  await client.login()
  return client
}

/** An upload that has begun: TLS, and the socket below it, whose end is not that of TLS. */
async function begin(
  client: FtpClient,
  command: string,
  maxVersion: Version,
): Promise<Readonly<{ raw: Socket; secure: TLSSocket }>> {
  const port = Number(/\|(\d+)\|\)/.exec(await client.send('EPSV'))?.[1])
  const raw = connectTcp({ host: server.host, port }).on('error', () => undefined)
  const secure = connectTls({ socket: raw, ca: server.authority, servername: 'localhost', maxVersion })
  secure.on('error', () => undefined)
  assert.match(await client.send(command), /^150/)
  await once(secure, 'secureConnect')
  return { raw, secure }
}

const transfers = () => server.events.filter((event) => event.type === 'file.transfer')
const last = () => transfers().at(-1)

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  suite(`uploads without close_notify that are excepted, ${version}`, () => {
    test('come whole, and the audit says that nobody confirmed it', async () => {
      const client = await login(version)
      for (const size of [0, 1, 64 * 1024, 5 * MIB + 7]) {
        const content = randomBytes(size)
        const { raw, secure } = await begin(client, 'STOR file', version)
        secure.write(content, () => raw.end())
        assert.match((await client.reply()) ?? '', /^226/, `${size} bytes`)
        assert.ok((await client.download('RETR file')).bytes.equals(content), `${size} bytes`)
        const upload = transfers().findLast(({ direction }) => direction === 'up')
        assert.deepEqual([upload?.outcome, upload?.bytes, upload?.unconfirmed], ['complete', size, true])
      }
      client.destroy()
    })

    test('so does text, and what goes on from a part', async () => {
      const client = await login(version)
      await client.send('TYPE A')
      const text = await begin(client, 'STOR text', version)
      text.secure.write('one\r\ntwo\r\n', () => text.raw.end())
      assert.match((await client.reply()) ?? '', /^226/)
      await client.send('TYPE I')
      const more = await begin(client, 'APPE text', version)
      more.secure.write('three\n', () => more.raw.end())
      assert.match((await client.reply()) ?? '', /^226/)
      assert.equal((await client.download('RETR text')).text, 'one\ntwo\nthree\n')
      client.destroy()
    })

    test('one with close_notify is as confirmed as any', async () => {
      const client = await login(version)
      assert.match(await client.upload('STOR file', Buffer.from('content')), /^226/)
      assert.equal(last()?.unconfirmed, undefined)
      client.destroy()
    })

    test('one that ends inside a record was cut', async () => {
      const client = await login(version)
      for (const missing of [1, HEADER_BYTES]) {
        const { raw, secure } = await begin(client, 'STOR cut', version)
        secure.write(Buffer.alloc(1000))
        await client.moved(1000)
        // The first bytes of a record of 256: some of its header, or that and some of what it holds.
        raw.end(Buffer.from([23, 3, 3, 1, 0, 9, 9]).subarray(0, 7 - missing))
        assert.match((await client.reply()) ?? '', /^426/, `${missing} bytes`)
        assert.equal(last()?.outcome, 'aborted')
        assert.equal(last()?.unconfirmed, undefined)
      }
      client.destroy()
    })

    test('one whose connection is reset was cut', async () => {
      const client = await login(version)
      const { raw, secure } = await begin(client, 'STOR cut', version)
      secure.write(Buffer.alloc(1000))
      await client.moved(1000)
      raw.resetAndDestroy()
      assert.match((await client.reply()) ?? '', /^426/)
      client.destroy()
    })

    test('one of a client that has died was cut', async () => {
      for (let n = 0; n < 20; n += 1) {
        const client = await login(version)
        const { raw, secure } = await begin(client, 'STOR dead', version)
        secure.write(Buffer.alloc(1000))
        await client.moved(1000)
        const before = transfers().length
        // Which one the system closes first is its own affair, and so is how soon; nobody tells the end of TLS.
        const later = () => setImmediate(() => setImmediate(() => client.socket.destroy()))
        if (n % 2 === 0) raw.end(() => (n % 4 === 0 ? later() : client.socket.destroy()))
        else {
          client.socket.destroy()
          raw.end()
        }
        while (transfers().length === before) await new Promise(setImmediate)
        assert.equal(last()?.outcome, 'aborted', `client ${n}`)
      }
    })

    test('what was unpacked must be whole besides', async () => {
      const client = await login(version)
      assert.match(await client.send('MODE Z'), /^200/)
      const { raw, secure } = await begin(client, 'STOR packed', version)
      // The head of a zlib stream, and nothing behind it.
      secure.write(Buffer.from([0x78, 0x9c]), () => raw.end())
      assert.match((await client.reply()) ?? '', /^(426|451|550)/)
      client.destroy()
    })
  })
}

test('without the exception they are parts, from the next upload on', async () => {
  const client = await login('TLSv1.3')
  excepted = false
  const { raw, secure } = await begin(client, 'STOR cut', 'TLSv1.3')
  secure.write(Buffer.alloc(11), () => raw.end())
  assert.match((await client.reply()) ?? '', /^426/)
  excepted = true
  client.destroy()
})

/** An upload in clear that has begun, by a client that knows nothing but its own two connections. */
async function beginInClear(command: string): Promise<Readonly<{ client: FtpClient; data: Socket }>> {
  const client = await connectFtp(server)
  await client.login('legacy')
  const { socket } = await client.data()
  assert.match(await client.send(command), /^150/)
  return { client, data: socket }
}

/** Closes the control connection, and comes back when the system has been told. */
async function leave(client: FtpClient): Promise<void> {
  const closed = once(client.socket, 'close')
  client.destroy()
  await closed
}

async function nextTransfer(before: number): Promise<ReturnType<typeof last>> {
  while (transfers().length === before) await new Promise(setImmediate)
  return last()
}

suite('uploads in clear of clients that close the control connection first, as FFmpeg does', () => {
  for (const command of ['STOR recorded', 'APPE appended', 'STOU']) {
    test(`${command} comes whole where it is excepted`, async () => {
      const content = randomBytes(MIB + 7)
      const before = transfers().length
      const { client, data } = await beginInClear(command)
      data.write(content.subarray(0, MIB))
      await client.moved(MIB)
      await leave(client)
      data.end(content.subarray(MIB))
      const upload = await nextTransfer(before)
      assert.deepEqual(
        [upload?.outcome, upload?.bytes, upload?.unconfirmed],
        ['complete', content.length, true],
      )
    })
  }

  test('one that is reset was cut', async () => {
    const before = transfers().length
    const { client, data } = await beginInClear('STOR reset')
    data.write(Buffer.alloc(1000))
    await client.moved(1000)
    await leave(client)
    data.resetAndDestroy()
    assert.equal((await nextTransfer(before))?.outcome, 'aborted')
  })

  test('a download ends with the control connection all the same', async () => {
    const client = await connectFtp(server)
    await client.login('legacy')
    assert.match(await client.upload('STOR long', Buffer.alloc(24 * MIB)), /^226/)
    const before = transfers().length
    await client.data()
    assert.match(await client.send('RETR long'), /^150/)
    client.destroy()
    assert.equal((await nextTransfer(before))?.outcome, 'aborted')
  })

  test('without the exception it is a part', async () => {
    excepted = false
    const before = transfers().length
    const { client, data } = await beginInClear('STOR part')
    data.write(Buffer.alloc(1000))
    await client.moved(1000)
    await leave(client)
    data.end()
    assert.equal((await nextTransfer(before))?.outcome, 'aborted')
    excepted = true
  })
})
