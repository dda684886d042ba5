// Encrypted data connections on bare descriptors: that they are taken, and do what those of Node do.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { constants } from 'node:os'
import { suite, test } from 'node:test'
import { queryObjects } from 'node:v8'
import { makeClientAuthority } from '../../scripts/fixture/client-authority.ts'
import { makeCertificates } from '../../src/cli/setup/certificate.ts'
import type { TlsReuse } from '../../src/core/identity.ts'
import type { Native } from '../../src/native/native.ts'
import { startCounted } from '../helpers/counted-tls-server.ts'
import { until } from '../helpers/descriptors.ts'
import { connectFtp, type FtpClient } from '../helpers/ftp-client.ts'
import { type FtpTestServer, startFtpServer } from '../helpers/ftp-server.ts'
import { native as addon, needsNative } from '../helpers/native.ts'
import { countedTls } from '../helpers/native-doubles.ts'

const MIB = 1024 * 1024
const clients = {
  'TLS 1.3': {},
  'TLS 1.2': { maxVersion: 'TLSv1.2' },
  'TLS 1.2 without tickets': { maxVersion: 'TLSv1.2', noTickets: true },
} as const

async function everyWay(client: FtpClient): Promise<void> {
  assert.match(await client.upload('STOR a', 'content'), /^226/)
  assert.equal((await client.download('RETR a')).text, 'content')
  assert.equal((await client.download('NLST')).text, 'a\r\n')
  assert.match((await client.download('MLSD')).text, / a\r\n$/)
}

function classes(server: FtpTestServer): readonly (string | undefined)[] {
  return server.events.flatMap((event) => (event.type === 'file.transfer' ? [event.tlsSession] : []))
}

const CLASS = { off: undefined, prefer: 'resumable', require: 'bound' } as const

for (const [kind, options] of Object.entries(clients)) {
  suite(`a client of ${kind}`, needsNative, () => {
    for (const tlsReuse of Object.keys(CLASS) as TlsReuse[]) {
      test(`with reuse ${tlsReuse}: without Node's sockets, and the audit says the same as with them`, async (t) => {
        const { server, client, native } = await startCounted(t, { settings: { tlsReuse } }, options)
        await everyWay(client)
        assert.equal(native.tls.opened, 4)
        const said = classes(server)
        assert.deepEqual(said, [CLASS[tlsReuse], CLASS[tlsReuse]])
        const other = await startCounted(t, { settings: { tlsReuse }, native: false }, options)
        await everyWay(other.client)
        assert.deepEqual(classes(other.server), said)
      })
    }

    test('files of any size go both ways whole', async (t) => {
      const { client } = await startCounted(t, {}, options)
      for (const size of [0, 1, 16 * 1024, 64 * 1024, 64 * 1024 + 1, 5 * MIB + 7]) {
        const content = randomBytes(size)
        assert.match(await client.upload('STOR file', content), /^226/)
        assert.ok((await client.download('RETR file')).bytes.equals(content), `${size} bytes`)
      }
    })
  })
}

test('a client that reads and writes by fits and starts has all of it', needsNative, async (t) => {
  const { client, native } = await startCounted(t)
  const content = randomBytes(24 * MIB + 5)
  const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
  const up = await client.data()
  assert.match(await client.send('STOR big'), /^150/)
  await up.established
  for (let at = 0; at < content.length; at += 700_001) {
    up.socket.write(content.subarray(at, at + 700_001))
    await client.moved(at)
  }
  up.socket.end()
  up.socket.resume()
  assert.match((await client.reply()) ?? '', /^226/)

  const down = await client.data()
  assert.match(await client.send('RETR big'), /^150/)
  const got = createHash('sha256')
  let bytes = 0
  let stops = 0
  down.socket.on('data', (chunk: Buffer) => {
    got.update(chunk)
    bytes += chunk.length
    // Behind that all may be on its way.
    if (stops === 3 || bytes < stops * 5 * MIB) return
    stops += 1
    down.socket.pause()
    void client.still().then(() => down.socket.resume())
  })
  await once(down.socket, 'end')
  down.socket.end()
  assert.equal(bytes, content.length)
  assert.equal(got.digest('hex'), digest(content))
  assert.equal(native.tls.opened, 2)
})

test('a client that leaves as soon as it has the last byte has had all', needsNative, async (t) => {
  // It resets what nobody waits for between the server's last write and its shutdown.
  const left: Native = { ...(addon as Native), endSending: () => -constants.errno.ENOTCONN }
  const { client } = await startCounted(t, { native: left })
  for (const size of [0, 7, 300_000]) {
    const content = randomBytes(size)
    assert.match(await client.upload('STOR file', content), /^226/)
    const download = await client.download('RETR file')
    assert.ok(download.bytes.equals(content), `${size} bytes`)
    assert.match(download.reply, /^226/)
  }
})

test('a name with a certificate of its own has it on data connections too', needsNative, async (t) => {
  const names = { hosts: ['localhost'], addresses: [] }
  const { authority, certificate, key } = await makeCertificates(names, Date.now())
  const native = countedTls(addon as Native)
  const server = await startFtpServer({
    native,
    settings: { hosts: new Map([['localhost', []]]) },
    tls: { hosts: new Map([['localhost', { certificate, key }]]) },
  })
  t.after(() => server.close())
  const client = await connectFtp({ ...server, authority })
  await client.secure()
  await client.login()
  await everyWay(client)
  assert.equal(native.tls.opened, 4)
  client.destroy()
})

suite("Node's sockets serve", needsNative, () => {
  test('where clients must have certificates, and not where they may', async (t) => {
    const authority = await makeClientAuthority('clients')
    const pair = await authority.issue('alice')
    for (const required of [true, false]) {
      const native = countedTls(addon as Native)
      const trust = { required, authorities: authority.certificate, revoked: undefined }
      const server = await startFtpServer({ native, tls: { clients: trust } })
      t.after(() => server.close())
      const client = await connectFtp(server, { pair })
      await client.secure()
      await client.login()
      await everyWay(client)
      assert.equal(native.tls.opened, required ? 0 : 4)
      assert.deepEqual(classes(server), ['resumable', 'resumable'])
      client.destroy()
    }
  })

  test('packed downloads and active connections are for Node, text is not', async (t) => {
    const { client, native } = await startCounted(t, { settings: { modeZ: true } })
    await client.send('TYPE A')
    assert.match(await client.upload('STOR text', 'a\r\nb\r\n'), /^226/)
    assert.equal(native.tls.opened, 1, 'who only sends may lose its end by what Node sends first')
    assert.equal((await client.download('RETR text')).text, 'a\r\nb\r\n')
    assert.equal(native.tls.opened, 2)
    await client.send('TYPE I')
    await client.send('MODE Z')
    assert.match((await client.download('RETR text')).reply, /^226/)
    await client.send('MODE S')
    assert.equal(native.tls.opened, 2)
    const listener = createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const address = listener.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const arrived = once(listener, 'connection')
    await client.send(`EPRT |1|127.0.0.1|${port}|`)
    assert.match(await client.send('RETR text'), /^150/)
    const [socket] = (await arrived) as [Socket]
    socket.destroy()
    listener.close()
    assert.match((await client.reply()) ?? '', /^4/)
    assert.equal(native.tls.opened, 2)
  })

  test('where OpenSSL takes the certificate for none', async (t) => {
    const native = { ...(addon as Native), createTlsContext: () => null }
    const { client } = await startCounted(t, { native })
    await everyWay(client)
  })
})

test('a connection that gets no memory costs its transfer only', needsNative, async (t) => {
  let fails = true
  const real = addon as Native
  const native = {
    ...real,
    openTls: (...given: Parameters<Native['openTls']>) => (fails ? null : real.openTls(...given)),
  }
  const { client } = await startCounted(t, { native })
  const data = await client.data()
  assert.match(await client.send('STOR a'), /^150/)
  assert.match((await client.reply()) ?? '', /^425/)
  await until(() => data.socket.destroyed)
  fails = false
  await everyWay(client)
})

test(
  'a session of required reuse that rests keeps no context, and makes one again',
  needsNative,
  async (t) => {
    const { client, native, server } = await startCounted(t, { settings: { tlsReuse: 'require' } })
    await everyWay(client)
    assert.equal(native.tls.contexts, 1)
    // Collects garbage, which a weak reference outlives for the turn it was read in.
    await new Promise((resolve) => setImmediate(resolve))
    queryObjects(Map, { format: 'count' })
    await everyWay(client)
    assert.equal(native.tls.contexts, 2)
    assert.deepEqual(classes(server), ['bound', 'bound', 'bound', 'bound'])
  },
)

test('what a client says before its command waits for it', needsNative, async (t) => {
  const { client, native } = await startCounted(t)
  const data = await client.data()
  data.socket.end('early')
  data.socket.resume()
  for (let n = 0; n < 5; n += 1) await client.send('NOOP')
  assert.match(await client.send('STOR early'), /^150/)
  assert.match((await client.reply()) ?? '', /^226/)
  assert.equal((await client.download('RETR early')).text, 'early')
  assert.equal(native.tls.opened, 2)
})

test('the end of a download is close_notify, and a client may be behind with it', needsNative, async (t) => {
  const { client } = await startCounted(t)
  await client.upload('STOR a', 'content')
  const data = await client.data()
  assert.match(await client.send('RETR a'), /^150/)
  assert.match((await client.reply()) ?? '', /^226/)
  assert.match(await client.send('NOOP'), /^200/)
  assert.equal((await data.read()).toString(), 'content')
})
