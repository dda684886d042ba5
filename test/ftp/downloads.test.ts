import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Native } from '../../src/native/native.ts'
import { createLocalStorage } from '../../src/storage/local.ts'
import { openDescriptors, until } from '../helpers/descriptors.ts'
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts'
import { connectFtp, type FtpClient } from '../helpers/ftp-client.ts'
import { FTP_SETTINGS, type FtpTestServer, startFtpServer } from '../helpers/ftp-server.ts'
import { LOCAL_DEFAULTS } from '../helpers/local-storage.ts'
import { native } from '../helpers/native.ts'
import { counted, halfCached, neverCached, unsendable, untold } from '../helpers/native-doubles.ts'

const MiB = 1024 * 1024
/** More than the buffers of both sockets hold. */
const BIG = randomBytes(24 * MiB + 7)
const USER = 'legacy'

const ways: Readonly<Record<string, Native | undefined>> = {
  'without the addon': undefined,
  ...(native !== undefined && {
    'with the addon': native,
    'half in memory': halfCached(native),
    'never in memory': neverCached(native),
    'on a file system that cannot tell': untold(native),
    'on a file system that cannot send': unsendable(native),
  }),
}

for (const [way, given] of Object.entries(ways)) {
  describe(`downloads ${way}`, () => {
    const base = mkdtempSync(join(tmpdir(), 'sallyport-downloads-'))
    const home = join(base, USER)
    const calls = given === undefined ? undefined : counted(given)
    const storage = createLocalStorage({ ...LOCAL_DEFAULTS, native: calls })
    const clock: FakeClock = createFakeClock()
    let server: FtpTestServer
    let client: FtpClient
    const put = (name: string, content: Uint8Array) => writeFileSync(join(home, name), content)
    const handed = () => calls?.sent ?? 0

    before(async () => {
      mkdirSync(home)
      put('big', BIG)
      const provider = { open: (location: string) => storage.open(join(base, location)) }
      server = await startFtpServer({
        storage: provider,
        clock,
        native: given !== undefined,
      })
      client = await connectFtp(server)
      await client.login(USER)
    })
    after(async () => {
      client.destroy()
      await server.close()
      await storage.close()
      rmSync(base, { recursive: true })
      assert.deepEqual(server.errors, [])
    })

    const sizes = [0, 1, 16 * 1024, 16 * 1024 + 1, 128 * 1024, 512 * 1024, MiB + 1, 3 * MiB]
    test('files of all sizes come whole', async () => {
      for (const size of sizes) {
        const content = BIG.subarray(0, size)
        put('some', content)
        const { bytes, reply } = await client.download('RETR some')
        assert.match(reply, /^226/)
        assert.ok(bytes.equals(content), `${size} bytes`)
      }
    })

    test('a restart sends from its offset, and the audit counts what went', async () => {
      for (const offset of [1, 5 * MiB, BIG.length - 1, BIG.length]) {
        assert.match(await client.send(`REST ${offset}`), /^350/)
        const { bytes, reply } = await client.download('RETR big')
        assert.match(reply, /^226/)
        assert.ok(bytes.equals(BIG.subarray(offset)), `from ${offset}`)
        const event = server.events.findLast(({ type }) => type === 'file.transfer')
        assert.ok(event?.type === 'file.transfer')
        assert.equal(event.bytes, BIG.length - offset)
        assert.equal(event.outcome, 'complete')
      }
    })

    /** A download of which the client has taken nothing; the sockets are full. */
    async function stuck(name: string) {
      const data = await client.data()
      assert.match(await client.send(`RETR ${name}`), /^150/)
      await client.still()
      return data
    }

    test('what is appended meanwhile is sent too', async () => {
      put('growing', BIG)
      const data = await stuck('growing')
      appendFileSync(join(home, 'growing'), BIG.subarray(0, MiB))
      const bytes = await data.read()
      assert.match((await client.reply()) ?? '', /^226/)
      assert.ok(bytes.equals(Buffer.concat([BIG, BIG.subarray(0, MiB)])))
    })

    test('a file that is cut meanwhile has not come whole', async () => {
      put('shrinking', BIG)
      const data = await stuck('shrinking')
      truncateSync(join(home, 'shrinking'), 20 * MiB)
      const bytes = await data.read()
      assert.match((await client.reply()) ?? '', /^450/)
      assert.equal(bytes.length, 20 * MiB)
      const event = server.events.findLast(({ type }) => type === 'file.transfer')
      assert.ok(event?.type === 'file.transfer')
      assert.deepEqual([event.outcome, event.bytes], ['aborted', 20 * MiB])
      truncateSync(join(home, 'shrinking'), 0)
      assert.equal((await client.download('RETR shrinking')).bytes.length, 0)
    })

    test('ABOR ends it and gives everything back', async () => {
      const before = openDescriptors()
      const data = await stuck('big')
      assert.match(await client.send('ABOR'), /^426/)
      assert.match((await client.reply()) ?? '', /^226/)
      data.socket.destroy()
      await until(() => openDescriptors() <= before)
      const event = server.events.findLast(({ type }) => type === 'file.transfer')
      assert.ok(event?.type === 'file.transfer' && event.outcome === 'aborted' && event.bytes < BIG.length)
    })

    /** The one of the last transfer. */
    const outcome = () => {
      const event = server.events.findLast(({ type }) => type === 'file.transfer')
      return event?.type === 'file.transfer' ? event.outcome : undefined
    }

    test('what was read to its end but not sent is no complete transfer in the audit', async () => {
      put('empty', Buffer.alloc(0))
      await client.send('EPSV')
      assert.match(await client.send('RETR empty'), /^150/)
      assert.match(await client.send('ABOR'), /^426/)
      assert.match((await client.reply()) ?? '', /^226/)
      assert.equal(outcome(), 'aborted')
      put('small', BIG.subarray(0, 1000))
      const { socket } = await client.data()
      await once(socket, 'connect')
      socket.resetAndDestroy()
      assert.match(await client.send('RETR small'), /^150/)
      assert.match((await client.reply()) ?? '', /^426/)
      assert.equal(outcome(), 'aborted')
    })

    test('a client that takes nothing is cut after the stall limit', async () => {
      const before = openDescriptors()
      const data = await stuck('big')
      let reply: string | undefined
      void client.reply().then((text) => {
        reply = text
      })
      // A read that was under way when the time went by counts as progress once more.
      while (reply === undefined) {
        await clock.advance(FTP_SETTINGS.stallMs + 1)
        await new Promise((resolve) => setImmediate(resolve))
      }
      assert.match(reply, /^426/)
      data.socket.destroy()
      await until(() => openDescriptors() <= before)
    })

    test('a client that goes on taking is not', async () => {
      const data = await stuck('big')
      let taken = 0
      data.socket.on('data', (chunk: Buffer) => {
        taken += chunk.length
      })
      data.socket.pause()
      for (let step = 0; step < 2; step += 1) {
        await clock.advance(FTP_SETTINGS.stallMs - 1)
        const goal = taken + 4 * MiB
        data.socket.resume()
        await until(() => taken >= goal)
        data.socket.pause()
        await client.moved(taken)
      }
      await clock.advance(FTP_SETTINGS.stallMs - 1)
      data.socket.resume()
      await until(() => taken >= BIG.length)
      data.socket.end()
      assert.match((await client.reply()) ?? '', /^226/)
    })

    test('the end of the session ends it', async () => {
      const before = openDescriptors()
      const other = await connectFtp(server)
      await other.login(USER)
      const data = await other.data()
      assert.match(await other.send('RETR big'), /^150/)
      other.destroy()
      await once(data.socket.resume(), 'close')
      await until(() => openDescriptors() <= before)
    })

    if (native !== undefined && given === native) {
      test('the kernel moves the bytes', async () => {
        const before = handed()
        await client.download('RETR big')
        assert.ok(handed() >= before + 24)
      })
    }

    const cuts = given === native || given === undefined ? 200 : 30
    test(`${cuts} clients that leave in the middle leave nothing behind`, async () => {
      // The session keeps its passive port: counted before and after.
      await client.download('RETR big')
      const before = openDescriptors()
      for (let n = 0; n < cuts; n += 1) {
        const data = await client.data()
        if (data.socket.connecting) await once(data.socket, 'connect')
        client.write('RETR big\r\n')
        // Some before the first byte, some after it; with FIN and RST.
        if (n % 3 > 0) await once(data.socket, 'data')
        if (n % 2 === 0) data.socket.resetAndDestroy()
        else data.socket.destroy()
        assert.match((await client.reply()) ?? '', /^150/)
        assert.match((await client.reply()) ?? '', /^426|^425/)
      }
      await until(() => openDescriptors() <= before)
      assert.ok((await client.download('RETR big')).bytes.equals(BIG))
    })

    test('TYPE A and encrypted data pass through the process', async () => {
      put('lines', Buffer.from('one\ntwo\n'.repeat(100_000)))
      const before = handed()
      await client.send('TYPE A')
      assert.equal((await client.download('RETR lines')).text, 'one\r\ntwo\r\n'.repeat(100_000))
      await client.send('TYPE I')
      const secure = await connectFtp(server)
      await secure.secure()
      await secure.login(USER)
      assert.ok((await secure.download('RETR big')).bytes.equals(BIG))
      secure.destroy()
      assert.equal(handed(), before)
    })
  })
}
