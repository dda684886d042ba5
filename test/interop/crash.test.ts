// SIGKILL in the middle of uploads: nothing half-finished stands under its name, and the owner goes on afterwards.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Client, SFTPWrapper } from 'ssh2'
import { ssh2 } from '../../src/sftp/ssh2.ts'
import { eventually, type Fixture, startFixture } from '../helpers/fixture.ts'
import { ftpSession } from '../helpers/ftp-wire-client.ts'

const WHOLE_BYTES = 12_000_000
const SENT_BYTES = 6_000_000
const BLOCK_BYTES = 32_768

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

async function sftpSession(fixture: Fixture): Promise<{ sftp: SFTPWrapper; client: Client }> {
  const client = new ssh2.Client()
  const { user: username, password } = fixture.user('second')
  await new Promise<void>((resolve, reject) => {
    client.on('ready', () => resolve())
    client.on('error', reject)
    client.connect({ host: fixture.info.host, port: fixture.info.sftp.port, username, password })
  })
  // The server is killed under it later.
  client.on('error', () => {})
  const sftp = await new Promise<SFTPWrapper>((resolve, reject) => {
    client.sftp((error, channel) => (error === undefined ? resolve(channel) : reject(error)))
  })
  return { sftp, client }
}

function called<T>(start: (done: (error: unknown, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value)))
  })
}

async function writeBlocks(sftp: SFTPWrapper, handle: Buffer, content: Buffer, from: number, to: number) {
  for (let at = from; at < to; at += BLOCK_BYTES) {
    const length = Math.min(BLOCK_BYTES, to - at)
    await called<void>((done) =>
      sftp.write(handle, content, at, length, at, (error) => done(error, undefined)),
    )
  }
}

/** Waits until the server's disk holds so much in files of the folder, whatever their names. */
async function onDisk(root: string, bytes: number): Promise<void> {
  await eventually(async () => {
    const sizes = await Promise.all(
      (await readdir(root)).map((name) =>
        stat(join(root, name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    )
    return sizes.some((size) => size >= bytes) ? true : undefined
  }, `${bytes} bytes in ${root}`)
}

test('SIGKILL during uploads leaves no partial file under a final name, and both owners resume', async () => {
  const content = randomBytes(WHOLE_BYTES)
  const dir = await mkdtemp(join(tmpdir(), 'sallyport-crash-'))
  const before = await startFixture({ dir })
  const main = before.user('main')
  const second = before.user('second')

  const ftp = await ftpSession(before.info, 'ftpes', main)
  const data = await ftp.data()
  data.on('error', () => {})
  assert.equal((await ftp.command('STOR big.bin')).code, 150)
  data.write(content.subarray(0, SENT_BYTES))
  const { sftp, client } = await sftpSession(before)
  const handle = await called<Buffer>((done) => sftp.open('/big.bin', 'w', done))
  await writeBlocks(sftp, handle, content, 0, SENT_BYTES)
  // What FTP gathers for one write may be lost with the process.
  await onDisk(main.root, 1)
  await onDisk(second.root, SENT_BYTES)

  await before.kill()
  data.destroy()
  ftp.destroy()
  client.destroy()
  assert.equal((await readdir(main.root)).includes('big.bin'), false)
  assert.equal((await readdir(second.root)).includes('big.bin'), false)

  const restarted = await startFixture({ dir })
  assert.deepEqual(restarted.info.sftp, before.info.sftp, 'the ports stay the same over a restart')
  await resumeOverFtp(restarted, content)
  await resumeOverSftp(restarted, content)
  await restarted.stop()
})

async function resumeOverFtp(fixture: Fixture, content: Buffer): Promise<void> {
  const ftp = await ftpSession(fixture.info, 'ftpes', fixture.user('main'))
  const size = await ftp.command('SIZE big.bin')
  assert.equal(size.code, 213, size.text)
  const offset = Number(size.text.slice(4))
  assert.ok(offset > 0 && offset <= SENT_BYTES, size.text)
  const data = await ftp.data()
  assert.equal((await ftp.command(`REST ${offset}`)).code, 350)
  assert.equal((await ftp.command('STOR big.bin')).code, 150)
  data.end(content.subarray(offset))
  assert.equal((await ftp.reply()).code, 226)
  ftp.destroy()
  assert.equal(sha256(await readFile(join(fixture.user('main').root, 'big.bin'))), sha256(content))
}

async function resumeOverSftp(fixture: Fixture, content: Buffer): Promise<void> {
  const { sftp, client } = await sftpSession(fixture)
  const { size } = await called<{ size: number }>((done) => sftp.stat('/big.bin', done))
  assert.ok(size > 0 && size <= SENT_BYTES, String(size))
  const handle = await called<Buffer>((done) => sftp.open('/big.bin', 'r+', done))
  await writeBlocks(sftp, handle, content, size, content.length)
  await called<void>((done) => sftp.close(handle, (error) => done(error, undefined)))
  client.end()
  assert.equal(sha256(await readFile(join(fixture.user('second').root, 'big.bin'))), sha256(content))
}

test('after a crash a quota is what lies there: running uploads had charged more than they left', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sallyport-crash-'))
  const before = await startFixture({ dir })
  const user = before.user('quota')
  const ftp = await ftpSession(before.info, 'ftpes', user)
  const data = await ftp.data()
  data.on('error', () => {})
  assert.equal((await ftp.command('STOR big.bin')).code, 150)
  data.write(randomBytes(300_000))
  await onDisk(user.root, 1)
  await before.kill()
  data.destroy()
  ftp.destroy()

  const restarted = await startFixture({ dir })
  const again = await ftpSession(restarted.info, 'ftpes', user)
  const room = Number((await again.command('AVBL')).text.slice(4))
  const sizes = (await readdir(user.root)).map(async (name) => (await stat(join(user.root, name))).size)
  const stored = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
  assert.equal(room, Number(restarted.info.users.quota?.quota_bytes) - stored)
  again.destroy()
  await restarted.stop()
})
