// APPE and REST with STOR of files that take too long to copy.
import assert from 'node:assert/strict'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createLocalStorage } from '../../src/storage/local.ts'
import { until } from '../helpers/descriptors.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { connectFtp } from '../helpers/ftp-client.ts'
import { type FtpTestServer, startFtpServer } from '../helpers/ftp-server.ts'
import { LOCAL_DEFAULTS } from '../helpers/local-storage.ts'

const USER = 'legacy'
const base = mkdtempSync(join(tmpdir(), 'sallyport-edits-'))
const home = join(base, USER)
const storage = createLocalStorage(LOCAL_DEFAULTS)
let server: FtpTestServer

const partials = () => readdirSync(home).filter((name) => name.startsWith('.sp~'))

before(async () => {
  mkdirSync(home)
  closeSync(openSync(join(home, 'endless'), 'w'))
  truncateSync(join(home, 'endless'), 2 ** 42)
  const provider = { open: (location: string) => storage.open(join(base, location)) }
  server = await startFtpServer({ storage: provider, clock: createFakeClock() })
})
after(async () => {
  await server.close()
  await storage.close()
  rmSync(base, { recursive: true })
  assert.deepEqual(server.errors, [])
})

async function appending() {
  const client = await connectFtp(server)
  await client.login(USER)
  await client.data()
  client.write('APPE endless\r\n')
  await until(() => partials().length > 0)
  return client
}

test('a client that goes while its file is copied leaves neither copy nor session', async () => {
  const client = await appending()
  client.destroy()
  await until(() => partials().length === 0)
  await Promise.all(server.connections.map(({ done }) => done))
})

test('ABOR ends the copy', async () => {
  const client = await appending()
  assert.match(await client.send('ABOR'), /^426/)
  assert.match((await client.reply()) ?? '', /^226/)
  assert.deepEqual(partials(), [])
  client.destroy()
})

test('REST and STOR copy what stands before the offset, and no more', async () => {
  const client = await connectFtp(server)
  await client.login(USER)
  await client.send('REST 5')
  assert.match(await client.upload('STOR endless', 'end'), /^226/)
  assert.equal(statSync(join(home, 'endless')).size, 8)
  client.destroy()
})
