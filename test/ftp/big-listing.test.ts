// One session's listing of a huge folder must not keep the others waiting. Counted in replies and entries, not in time.
import assert from 'node:assert/strict'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { StorageDriver } from '../../src/core/vfs/storage.ts'
import type { Native } from '../../src/native/native.ts'
import { createLocalStorage } from '../../src/storage/local.ts'
import { connectFtp } from '../helpers/ftp-client.ts'
import { startFtpServer } from '../helpers/ftp-server.ts'
import { LOCAL_DEFAULTS } from '../helpers/local-storage.ts'
import { native } from '../helpers/native.ts'

const ENTRIES = 100_000
const USER = 'legacy'
/** What another session may have to wait for between two replies: a tenth of the listing. */
const MAX_ENTRIES_BETWEEN = ENTRIES / 10

/** The folder, made once: it is only read. */
const base = mkdtempSync(join(tmpdir(), 'sallyport-listing-'))
mkdirSync(join(base, USER))
for (let n = 0; n < ENTRIES; n += 1) closeSync(openSync(join(base, USER, `entry ${n}`), 'w'))
process.once('exit', () => rmSync(base, { recursive: true }))

async function setup(t: TestContext, given: Native | undefined) {
  const storage = createLocalStorage({ ...LOCAL_DEFAULTS, native: given })
  let listed = 0
  const counting = (driver: StorageDriver): StorageDriver => ({
    ...driver,
    async *list(...args) {
      for await (const entries of driver.list(...args)) {
        listed += entries.length
        yield entries
      }
    },
  })
  const open = async (location: string) => counting(await storage.open(join(base, location)))
  const server = await startFtpServer({
    storage: { open },
    native: given !== undefined,
  })
  const client = await connectFtp(server)
  await client.login(USER)
  const other = await connectFtp(server)
  t.after(async () => {
    client.destroy()
    other.destroy()
    await server.close()
    await storage.close()
    assert.deepEqual(server.errors, [])
  })
  return { client, other, listed: () => listed }
}

const WAYS = [
  ['without the addon', undefined],
  ...(native ? [['with the addon', native] as const] : []),
] as const

for (const [way, given] of WAYS) {
  for (const verb of ['LIST', 'MLSD']) {
    test(`${verb} of ${ENTRIES} entries ${way} lets other sessions have their turn`, async (t) => {
      const { client, other, listed } = await setup(t, given)
      const data = await client.data()
      const content = data.read()
      client.write(`${verb}\r\n`)
      assert.match((await client.reply()) ?? '', /^150/)
      let over = false
      const ending = client.reply().finally(() => {
        over = true
      })
      let most = 0
      for (let before = listed(); !over; before = listed()) {
        assert.match(await other.send('NOOP'), /^200/)
        most = Math.max(most, listed() - before)
      }
      assert.match((await ending) ?? '', /^226/)
      assert.equal(listed(), ENTRIES)
      const lines = (await content).toString('utf8').match(/entry \d+\r$/gm)
      assert.equal(new Set(lines).size, ENTRIES)
      assert.ok(most < MAX_ENTRIES_BETWEEN, `${most} entries between two replies to another session`)
      t.diagnostic(`at most ${most} entries between two replies`)
    })
  }
}
