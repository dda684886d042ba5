// Big files through each door: the content is unchanged and the server's memory stays small.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { clientTest } from '../helpers/clients.ts'
import { type Fixture, startFixture } from '../helpers/fixture.ts'
import { ftpSession } from '../helpers/ftp-wire-client.ts'
import { opensshSftp } from './drivers/openssh-sftp.ts'
import { targetOf } from './scenarios.ts'

const MIB = 1024 * 1024
/** The whole size is for CI; a checkout's plain `npm test` need not have the room. */
const SIZE_BYTES = (process.env.REQUIRE_CLIENTS === '1' ? 1024 : 128) * MIB
/** Of the whole process, at its highest. */
const ALLOWED_PEAK_KIB = 200 * 1024

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

/** With OpenSSH's own client, as ssh2's in JavaScript would take minutes for the packets' encryption alone. */
async function overSftp(fixture: Fixture): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'sallyport-large-'))
  try {
    const login = { listener: 'sftp', user: 'main', form: 'key' } as const
    const target = targetOf(fixture, login, join(scratch, 'home'))
    const local = join(scratch, 'large.bin')
    await pipeline(Readable.from(content()), createWriteStream(local))
    await opensshSftp.perform(target, { do: 'upload', local, remote: '/large.bin' })
    await rm(local)
    await opensshSftp.perform(target, { do: 'download', local, remote: '/large.bin' })
    const { sink, digest } = hashing()
    await pipeline(createReadStream(local), sink)
    assert.equal(digest(), EXPECTED)
    await rm(join(fixture.user('main').root, 'large.bin'))
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

const DOORS = [
  ...(['ftp', 'ftpes', 'ftps'] as const).map((listener) => ({
    listener,
    needs: [],
    carry: (fixture: Fixture) => overFtp(fixture, listener),
  })),
  { listener: 'sftp', needs: opensshSftp.needs, carry: overSftp },
] as const

for (const { listener, needs, carry } of DOORS) {
  clientTest(`${SIZE_BYTES / MIB} MiB up and down over ${listener}`, needs, async (t) => {
    const made = await startFixture({ args: ['--open'] })
    await made.stop({ keep: true })
    // Started anew, so that the making of keys and users does not count.
    const fixture = await startFixture({ dir: made.dir, args: ['--open'] })
    t.after(() => fixture.stop())
    await carry(fixture)
    await checkPeak(fixture)
  })
}
