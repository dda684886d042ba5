// Encrypted uploads, by all ways there are: the addon's TLS, and two in which one of Node's TLS sockets is fed. Its inner
// names let the server read into memory of its own, and where a Node has others, a stream of ours stands between. This file
// runs itself once more without the addon and without the names as well, and with it the tests of what clients and
// attackers do to encrypted connections.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { canReadThrough } from '../../src/ftp/read-into.ts'
import { run } from '../helpers/child.ts'
import { until } from '../helpers/descriptors.ts'
import { connectFtp, type FtpClient } from '../helpers/ftp-client.ts'
import { startFtpServer } from '../helpers/ftp-server.ts'

const MIB = 1024 * 1024
const FIRST = process.env.WITHOUT_NATIVE === undefined
const WITHOUT_NAMES = process.env.WITHOUT_INNER_NAMES !== undefined

const server = await startFtpServer()
after(async () => {
  await server.close()
  assert.deepEqual(server.errors, [])
})

async function login(maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<FtpClient> {
  const client = await connectFtp(server, { maxVersion })
  await client.secure()
  await client.login()
  return client
}

async function rawData(client: FtpClient): Promise<Socket> {
  const port = Number(/\|(\d+)\|\)/.exec(await client.send('EPSV'))?.[1])
  return connectTcp({ host: server.host, port }).on('error', () => undefined)
}

/** Resumes no session. */
function tlsOn(socket: Socket, maxVersion: 'TLSv1.2' | 'TLSv1.3'): TLSSocket {
  const secure = connectTls({ socket, ca: server.authority, servername: 'localhost', maxVersion })
  return secure.on('error', () => undefined)
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  suite(`encrypted uploads, ${version}`, () => {
    test('come whole, of any size', async () => {
      const client = await login(version)
      for (const size of [0, 1, 64 * 1024, 5 * MIB + 7]) {
        const content = randomBytes(size)
        assert.match(await client.upload('STOR file', content), /^226/)
        assert.ok((await client.download('RETR file')).bytes.equals(content), `${size} bytes`)
        await client.send('TYPE A')
        const text = content.toString('base64').replaceAll('+', '\r\n')
        assert.match(await client.upload('STOR text', text), /^226/)
        assert.equal((await client.download('RETR text')).text, text, `${text.length} letters`)
        await client.send('TYPE I')
      }
      client.destroy()
    })

    test('that end without close_notify are parts, wherever they are cut', async () => {
      const client = await login(version)
      for (const [type, size] of [0, 11, MIB].flatMap((bytes) => [
        ['A', bytes] as const,
        ['I', bytes] as const,
      ])) {
        await client.send(`TYPE ${type}`)
        const raw = await rawData(client)
        const secure = tlsOn(raw, version)
        assert.match(await client.send('STOR cut'), /^150/)
        await new Promise((resolve) => secure.once('secureConnect', resolve))
        secure.write(Buffer.alloc(size))
        await client.moved(size)
        raw.end()
        assert.match((await client.reply()) ?? '', /^426/, `${size} bytes, TYPE ${type}`)
      }
      client.destroy()
    })

    test('that end in the middle of the handshake never began', async () => {
      const client = await login(version)
      const raw = await rawData(client)
      assert.match(await client.send('STOR never'), /^150/)
      // The first bytes of a ClientHello.
      raw.end(Buffer.from('160301020001', 'hex'))
      assert.match((await client.reply()) ?? '', /^425/)
      assert.equal(await client.send('NOOP'), '200 OK.')
      client.destroy()
    })

    test('bring tickets with their end: who only sends would close with something unread', async () => {
      const client = await login(version)
      const secure = tlsOn(await rawData(client), version)
      let tickets = 0
      secure.on('session', () => {
        tickets += 1
      })
      assert.match(await client.send('STOR small'), /^150/)
      await once(secure, 'secureConnect')
      const inHandshake = tickets
      if (version === 'TLSv1.3') assert.equal(inHandshake, 0)
      secure.write('content')
      await client.moved(7)
      assert.equal(tickets, inHandshake)
      secure.resume().end()
      assert.match((await client.reply()) ?? '', /^226/)
      await until(() => tickets > 0)
      client.destroy()
    })

    test('that are packed in one piece with their end come whole', async () => {
      const client = await login(version)
      const data = await client.data()
      assert.match(await client.send('STOR small'), /^150/)
      await data.established
      data.socket.cork()
      data.socket.write('first, ')
      data.socket.end('last')
      data.socket.uncork()
      assert.match((await client.reply()) ?? '', /^226/)
      assert.equal((await client.download('RETR small')).text, 'first, last')
      client.destroy()
    })
  })
}

test('an upload over TLS 1.2 in a session of TLS 1.3 has its whole handshake', async () => {
  const client = await login('TLSv1.3')
  const secure = tlsOn(await rawData(client), 'TLSv1.2')
  assert.match(await client.send('STOR older'), /^150/)
  secure.resume().end('content')
  assert.match((await client.reply()) ?? '', /^226/)
  client.destroy()
})

/** A file of tests without the addon, in a process of its own. */
async function again(file: string, names: boolean): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'sallyport-names-'))
  const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
  const args = names ? [here(file)] : ['--import', here('../helpers/without-inner-names.ts'), here(file)]
  const env = { WITHOUT_NATIVE: '1', ...(!names && { WITHOUT_INNER_NAMES: '1' }) }
  const { code, output } = await run(process.execPath, args, { home, env })
  rmSync(home, { recursive: true })
  assert.equal(code, 0, output)
}

test(WITHOUT_NAMES ? 'no socket can be read into' : 'sockets can be read into', async () => {
  const listening = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => listening.once('listening', resolve))
  const address = listening.address()
  const socket = connectTcp(typeof address === 'object' && address !== null ? address.port : 0)
  assert.equal(canReadThrough(socket), !WITHOUT_NAMES)
  socket.destroy()
  listening.close()
})

if (FIRST) {
  const files = ['tls-uploads.test.ts', 'open-ended-uploads.test.ts', 'tls.test.ts', 'attacks/probes.test.ts']
  for (const file of [...files, 'departures.test.ts'])
    test(`without the addon: ${file}`, () => again(file, true))
  for (const file of files) test(`without Node's inner names: ${file}`, () => again(file, false))
}
