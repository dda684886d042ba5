import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Native } from '../../src/native/native.ts'
import { createLocalStorage } from '../../src/storage/local.ts'
import { openDescriptors, until } from '../helpers/descriptors.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { connectFtp, type FtpClient } from '../helpers/ftp-client.ts'
import { type FtpTestServer, startFtpServer } from '../helpers/ftp-server.ts'
import { LOCAL_DEFAULTS } from '../helpers/local-storage.ts'
import { native } from '../helpers/native.ts'

const MiB = 1024 * 1024
const BIG = randomBytes(5 * MiB + 7)
const USER = 'legacy'
const LEAVERS = 200

const ways: Readonly<Record<string, Native | undefined>> = {
  'without the addon': undefined,
  ...(native !== undefined && { 'with the addon': native }),
}

for (const [way, given] of Object.entries(ways)) {
  describe(`uploads ${way}`, () => {
    const base = mkdtempSync(join(tmpdir(), 'sallyport-uploads-'))
    const home = join(base, USER)
    const storage = createLocalStorage({ ...LOCAL_DEFAULTS, native: given })
    let server: FtpTestServer
    let client: FtpClient

    before(async () => {
      mkdirSync(home)
      const provider = { open: (location: string) => storage.open(join(base, location)) }
      const clock = createFakeClock()
      server = await startFtpServer({ storage: provider, clock, native: given !== undefined })
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

    test('files of all sizes come whole', async () => {
      for (const size of [0, 1, 4096, 32_768, 65_536, 65_537, MiB, BIG.length]) {
        assert.match(await client.upload('STOR some', BIG.subarray(0, size)), /^226/)
        assert.ok(readFileSync(join(home, 'some')).equals(BIG.subarray(0, size)), `${size} bytes`)
      }
    })

    test('a restart goes on at its offset, and APPE at the end', async () => {
      await client.upload('STOR parts', BIG.subarray(0, 2 * MiB))
      assert.match(await client.send(`REST ${MiB}`), /^350/)
      assert.match(await client.upload('STOR parts', BIG.subarray(MiB, 3 * MiB)), /^226/)
      assert.match(await client.upload('APPE parts', BIG.subarray(3 * MiB)), /^226/)
      assert.ok(readFileSync(join(home, 'parts')).equals(BIG))
    })

    test('a client that connects after its command is waited for', async () => {
      const port = Number(/\|\|\|(\d+)\|/.exec(await client.send('EPSV'))?.[1])
      assert.match(await client.send('STOR late'), /^150/)
      const data = client.dataAt(port)
      data.socket.end('late')
      assert.match((await client.reply()) ?? '', /^226/)
      assert.equal(readFileSync(join(home, 'late'), 'utf8'), 'late')
    })

    test('ABOR ends it, and what came is kept for its owner', async () => {
      const data = await client.data()
      assert.match(await client.send('STOR given-up'), /^150/)
      data.socket.write(BIG.subarray(0, MiB))
      await client.moved(MiB)
      assert.match(await client.send('ABOR'), /^426/)
      assert.match((await client.reply()) ?? '', /^226/)
      data.socket.destroy()
      assert.match(await client.send('SIZE given-up'), new RegExp(`^213 ${MiB}$`))
      const event = server.events.findLast(({ type }) => type === 'file.transfer')
      assert.ok(event?.type === 'file.transfer' && event.outcome === 'aborted' && event.bytes === MiB)
    })

    test('TYPE A and MODE S on the same port pass through a stream', async () => {
      await client.send('TYPE A')
      assert.match(await client.upload('STOR lines', 'one\r\ntwo\r\n'), /^226/)
      await client.send('TYPE I')
      assert.equal(readFileSync(join(home, 'lines'), 'utf8'), 'one\ntwo\n')
      assert.match((await client.download('NLST')).text, /lines\r\n/)
    })

    test(`${LEAVERS} clients that leave in the middle leave nothing behind`, async () => {
      // The session keeps its passive port: counted before and after.
      await client.upload('STOR left', 'x')
      const before = openDescriptors()
      for (let n = 0; n < LEAVERS; n += 1) {
        const data = await client.data()
        if (data.socket.connecting) await once(data.socket, 'connect')
        // Some before the command, some before a byte, some after it.
        if (n % 4 === 0) data.socket.resetAndDestroy()
        client.write('STOR left\r\n')
        assert.match((await client.reply()) ?? '', /^150/)
        if (n % 4 > 1) data.socket.write(BIG.subarray(0, n * 997))
        data.socket.resetAndDestroy()
        const last = await client.reply()
        assert.match(last ?? '', /^426|^425/)
      }
      await until(() => openDescriptors() <= before)
      assert.match(await client.upload('STOR left', 'whole'), /^226/)
      assert.equal(readFileSync(join(home, 'left'), 'utf8'), 'whole')
    })

    for (const type of ['I', 'A'])
      test(`a client that dies with half a file has not uploaded it, TYPE ${type}`, async () => {
        for (let n = 0; n < 40; n += 1) {
          const other = await connectFtp(server)
          await other.login(USER)
          await other.send(`TYPE ${type}`)
          const data = await other.data()
          assert.match(await other.send('STOR half'), /^150/)
          data.socket.write('half')
          if (n % 2 === 0) await other.moved(4)
          // Which one the system closes first is its own affair.
          if (n % 4 < 2) other.socket.end(() => data.socket.end())
          else data.socket.end(() => other.socket.end())
          await other.closed()
          other.destroy()
        }
        assert.ok(!readdirSync(home).includes('half'))
      })

    test('sessions that end with a connection half way leave nothing behind', async () => {
      const before = openDescriptors()
      for (let n = 0; n < 30; n += 1) {
        const other = await connectFtp(server)
        await other.login(USER)
        const data = await other.data()
        if (n % 3 > 0) assert.match(await other.send('STOR orphan'), /^150/)
        if (n % 3 > 1) data.socket.write(BIG)
        other.destroy()
        data.socket.destroy()
      }
      await until(() => openDescriptors() <= before)
    })
  })
}
