// Offsets that need more than 32 bits, on files that are nearly all hole: no byte of it is written or sent.
import assert from 'node:assert/strict'
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Native } from '../../src/native/native.ts'
import { createLocalStorage } from '../../src/storage/local.ts'
import { connectFtp, type FtpClient } from '../helpers/ftp-client.ts'
import { type FtpTestServer, startFtpServer } from '../helpers/ftp-server.ts'
import { LOCAL_DEFAULTS } from '../helpers/local-storage.ts'
import { native } from '../helpers/native.ts'

/** Where 32 bits end, and an offset whose low half names another place in the file. */
const LIMIT = 2 ** 32
const OFFSET = LIMIT + 1_000_003
const TAIL = 'what lies beyond 4 GiB'
const USER = 'legacy'

type Way = Readonly<{ name: string; tls: boolean; native: Native | undefined }>

const WAYS: readonly Way[] = [
  { name: 'in clear, without the addon', tls: false, native: undefined },
  ...(native === undefined ? [] : [{ name: 'in clear, with the addon', tls: false, native }]),
  { name: 'in TLS', tls: true, native },
]

/** A hole up to the offset, and the text behind it. */
function makeSparse(path: string, text: string): void {
  const file = openSync(path, 'w')
  ftruncateSync(file, OFFSET)
  writeSync(file, text, OFFSET)
  closeSync(file)
}

function textAt(path: string, from: number): string {
  const file = openSync(path, 'r')
  const bytes = Buffer.alloc(statSync(path).size - from)
  readSync(file, bytes, 0, bytes.length, from)
  closeSync(file)
  return bytes.toString('utf8')
}

for (const way of WAYS) {
  describe(`beyond 4 GiB ${way.name}`, () => {
    const base = mkdtempSync(join(tmpdir(), 'sallyport-beyond-'))
    const home = join(base, USER)
    // In place, since an edit would else begin with a copy of the hole.
    const storage = createLocalStorage({ ...LOCAL_DEFAULTS, native: way.native, inPlaceWrites: true })
    let server: FtpTestServer
    let client: FtpClient

    before(async () => {
      mkdirSync(home)
      makeSparse(join(home, 'big'), TAIL)
      const provider = { open: (location: string) => storage.open(join(base, location)) }
      server = await startFtpServer({ storage: provider })
      client = await connectFtp(server)
      if (way.tls) await client.secure()
      await client.login(USER)
    })
    after(async () => {
      client.destroy()
      await server.close()
      await storage.close()
      rmSync(base, { recursive: true })
      assert.deepEqual(server.errors, [])
    })

    test('SIZE, MLST and MLSD tell the whole size', async () => {
      const size = OFFSET + TAIL.length
      assert.equal(await client.send('SIZE big'), `213 ${size}`)
      assert.match(await client.send('MLST big'), new RegExp(`[ ;]size=${size};`, 'i'))
      assert.match((await client.download('MLSD')).text, new RegExp(`^\\S*size=${size};\\S* big\\r$`, 'im'))
    })

    test('a restarted download sends the tail, also across the limit', async () => {
      for (const from of [OFFSET, OFFSET + 5]) {
        assert.match(await client.send(`REST ${from}`), /^350/)
        const { text, reply } = await client.download('RETR big')
        assert.match(reply, /^226/)
        assert.equal(text, TAIL.slice(from - OFFSET))
      }
      assert.match(await client.send(`REST ${LIMIT - 7}`), /^350/)
      const { bytes } = await client.download('RETR big')
      assert.equal(bytes.length, OFFSET - LIMIT + 7 + TAIL.length)
      assert.equal(bytes.subarray(OFFSET - LIMIT + 7).toString('utf8'), TAIL)
      assert.ok(bytes.subarray(0, OFFSET - LIMIT + 7).every((byte) => byte === 0))
    })

    test('an upload that broke off there goes on where it ended', async () => {
      const data = await client.data()
      assert.match(await client.send('STOR resumed'), /^150/)
      await data.established
      data.socket.write('begun')
      await client.moved(5)
      assert.match(await client.send('ABOR'), /^426/)
      assert.match((await client.reply()) ?? '', /^226/)
      data.socket.destroy()
      const partial = readdirSync(home).find((name) => name.endsWith('~resumed'))
      truncateSync(join(home, partial ?? ''), OFFSET)
      assert.equal(await client.send('SIZE resumed'), `213 ${OFFSET}`)
      assert.match(await client.send(`REST ${OFFSET}`), /^350/)
      assert.match(await client.upload('STOR resumed', TAIL), /^226/)
      assert.equal(statSync(join(home, 'resumed')).size, OFFSET + TAIL.length)
      assert.equal(textAt(join(home, 'resumed'), OFFSET - 2), `\0\0${TAIL}`)
    })

    test('STOR from an offset and APPE write behind the limit and nowhere else', async () => {
      makeSparse(join(home, 'edited'), 'old text')
      const blocks = statSync(join(home, 'edited')).blocks
      assert.match(await client.send(`REST ${OFFSET + 4}`), /^350/)
      assert.match(await client.upload('STOR edited', 'new'), /^226/)
      assert.match(await client.upload('APPE edited', ' end'), /^226/)
      assert.equal(textAt(join(home, 'edited'), OFFSET), 'old new end')
      // Whatever had gone to the low half of the offset would have filled a part of the hole.
      assert.equal(statSync(join(home, 'edited')).blocks, blocks)
    })

    test('a restart behind the end is refused', async () => {
      assert.match(await client.send(`REST ${OFFSET + TAIL.length + 1}`), /^350/)
      assert.match((await client.download('RETR big')).reply, /^554/)
    })
  })
}
