// A quota is what lies in the user's folders, whatever operators have edited since it was counted.
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { eventually, startFixture } from '../helpers/fixture.ts'
import { ftpSession } from '../helpers/ftp-wire-client.ts'

const fixture = await startFixture()
after(() => fixture.stop())

const user = fixture.user('quota')
const QUOTA_BYTES = Number(user.quota_bytes)
const USERS = join(fixture.dir, 'config', 'users.yaml')
const before = await readFile(USERS, 'utf8')

/** What a new login has left. */
async function room(): Promise<number> {
  const ftp = await ftpSession(fixture.info, 'ftpes', user)
  const { text } = await ftp.command('AVBL')
  ftp.destroy()
  return Number(text.slice(4))
}

async function upload(name: string, bytes: number): Promise<void> {
  const ftp = await ftpSession(fixture.info, 'ftpes', user)
  const data = await ftp.data()
  assert.equal((await ftp.command(`STOR ${name}`)).code, 150)
  data.end(Buffer.alloc(bytes))
  assert.equal((await ftp.reply()).code, 226)
  ftp.destroy()
}

/** Waits until the edit counts. */
async function edit(text: string, left: (bytes: number) => boolean): Promise<void> {
  await writeFile(USERS, text)
  await eventually(async () => (left(await room()) ? true : undefined), 'room that fits the edit')
}

test('what was stored while a user had no quota counts when there is one again', async () => {
  await upload('first', 100_000)
  assert.equal(await room(), QUOTA_BYTES - 100_000)
  const without = before.replace(`bytes: ${QUOTA_BYTES}`, 'bytes: 0').replace('files: 20\n', 'files: 0\n')
  await edit(without, (bytes) => bytes > QUOTA_BYTES)
  await upload('second', 300_000)
  await edit(before, (bytes) => bytes <= QUOTA_BYTES)
  assert.equal(await room(), QUOTA_BYTES - 400_000)
})

test('a user who gets another folder has the quota of that one, and of the old one when it is back', async () => {
  const home = join(fixture.dir, 'home', 'other')
  await mkdir(home)
  await writeFile(join(home, 'there'), Buffer.alloc(50_000))
  const moved = before.replace(/^ {2}quota:\n/m, '  quota:\n    home: other\n')
  await edit(moved, (bytes) => bytes === QUOTA_BYTES - 50_000)
  await edit(before, (bytes) => bytes === QUOTA_BYTES - 400_000)
})
