// Big files through each door: the content is unchanged and the server's memory stays small.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import type { SFTPWrapper } from 'ssh2'
import { ssh2 } from '../../src/sftp/ssh2.ts'
import { type Fixture, startFixture } from '../helpers/fixture.ts'
import { ftpSession } from '../helpers/ftp-wire-client.ts'

const MIB = 1024 * 1024
/** The whole size is for CI; a checkout's plain `npm test` need not have the room. */
const SIZE_BYTES = (process.env.REQUIRE_CLIENTS === '1' ? 1024 : 128) * MIB
/** Of the whole process, at its highest. */
const ALLOWED_PEAK_KIB = 200 * 1024
const CHUNK_BYTES = 256 * 1024
const TIMEOUT_MS = 290_000

const block = randomBytes(MIB)

/** The same bytes each time, no block like another. */
function* content(): Generator<Buffer> {
  for (let index = 0; index * MIB < SIZE_BYTES; index += 1) {
    const next = Buffer.from(block)
    next.writeUInt32BE(index)
    yield next
  }
}

const expected = createHash('sha256')
for (const part of content()) expected.update(part)
const EXPECTED = expected.digest('hex')

function hashing(): { sink: Writable; digest(): string } {
  const hash = createHash('sha256')
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk)
      done()
    },
  })
  return { sink, digest: () => hash.digest('hex') }
}

async function peakKib(fixture: Fixture): Promise<number> {
  const status = await readFile(`/proc/${fixture.info.pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1])
}

async function checkPeak(fixture: Fixture): Promise<void> {
  const peak = await peakKib(fixture)
  assert.ok(peak < ALLOWED_PEAK_KIB, `the server's memory reached ${Math.round(peak / 1024)} MiB`)
}

async function overFtp(fixture: Fixture, listener: 'ftp' | 'ftpes' | 'ftps'): Promise<void> {
  const main = fixture.user('main')
  const ftp = await ftpSession(fixture.info, listener, main)
  const up = await ftp.data()
  assert.equal((await ftp.command('STOR large.bin')).code, 150)
  await pipeline(Readable.from(content()), up)
  assert.equal((await ftp.reply()).code, 226)

  const down = await ftp.data()
  const { sink, digest } = hashing()
  assert.equal((await ftp.command('RETR large.bin')).code, 150)
  await pipeline(down, sink)
  assert.equal((await ftp.reply()).code, 226)
  assert.equal(digest(), EXPECTED)
  ftp.destroy()
  await rm(join(main.root, 'large.bin'))
}

async function overSftp(fixture: Fixture): Promise<void> {
  const { user: username, password, root } = fixture.user('main')
  const client = new ssh2.Client()
  client.connect({ host: fixture.info.host, port: fixture.info.sftp.port, username, password })
  await once(client, 'ready')
  const sftp = await new Promise<SFTPWrapper>((resolve, reject) => {
    client.sftp((error, channel) => (error === undefined ? resolve(channel) : reject(error)))
  })
  await pipeline(Readable.from(content()), sftp.createWriteStream('/large.bin', { highWaterMark: 4 * MIB }))
  const { sink, digest } = hashing()
  await pipeline(sftp.createReadStream('/large.bin', { highWaterMark: CHUNK_BYTES }), sink)
  assert.equal(digest(), EXPECTED)
  client.end()
  await rm(join(root, 'large.bin'))
}

for (const listener of ['ftp', 'ftpes', 'ftps', 'sftp'] as const) {
  test(`${SIZE_BYTES / MIB} MiB up and down over ${listener}`, { timeout: TIMEOUT_MS }, async (t) => {
    const made = await startFixture({ args: ['--open'] })
    await made.stop({ keep: true })
    // Started anew, so that the making of keys and users does not count.
    const fixture = await startFixture({ dir: made.dir, args: ['--open'] })
    t.after(() => fixture.stop())
    if (listener === 'sftp') await overSftp(fixture)
    else await overFtp(fixture, listener)
    await checkPeak(fixture)
  })
}
