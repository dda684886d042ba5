// What is wrong with a home: the client is told little, the operator what and whose; a home that is removed is made anew.
import assert from 'node:assert/strict'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import type { SFTPWrapper } from 'ssh2'
import { ssh2 } from '../../src/sftp/ssh2.ts'
import { eventually, type Fixture, type FixtureUser, lazyFixture } from '../helpers/fixture.ts'
import { ftpSession } from '../helpers/ftp-wire-client.ts'

/** Directory handles are kept for a second. */
const KEPT_MS = 5_000

const shared = lazyFixture()
after(shared.stop)

function sftpOf(fixture: Fixture, { user: username, password }: FixtureUser): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client()
    after(() => client.end())
    client.on('error', reject)
    client.once('ready', () => client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp))))
    client.connect({ host: fixture.info.host, port: fixture.info.sftp.port, username, password })
  })
}

const made = (sftp: SFTPWrapper, path: string) =>
  new Promise<string>((resolve) => sftp.mkdir(path, (error) => resolve(error ? error.message : 'made')))

type Told = Readonly<{ msg: string; user: string; command?: string; request?: string; code: string }>

async function told(fixture: Fixture): Promise<readonly Told[]> {
  const lines = (await readFile(fixture.info.server.log, 'utf8')).trim().split('\n')
  return lines.map((line) => JSON.parse(line)).filter(({ msg }) => /storage refuses/.test(msg))
}

test('a home that is no folder is told to the operator once a session, over each door', async () => {
  const fixture = await shared.get()
  const user = fixture.user('second')
  await rm(user.root, { recursive: true })
  await writeFile(user.root, '')
  const ftp = await ftpSession(fixture.info, 'ftpes', user)
  assert.ok([451, 550, 553].includes((await ftp.command('MKD a')).code))
  await ftp.command('MKD b')
  const sftp = await sftpOf(fixture, user)
  assert.notEqual(await made(sftp, '/a'), 'made')
  await made(sftp, '/b')
  const lines = await eventually(async () => {
    const found = await told(fixture)
    return found.length >= 2 ? found : undefined
  }, 'line of each door in the log')
  assert.deepEqual(
    lines.map(({ user: name, command, request, code }) => ({ name, what: command ?? request, code })),
    [
      { name: user.user, what: 'MKD', code: 'storage.failed' },
      { name: user.user, what: 'MKDIR', code: 'storage.failed' },
    ],
  )
  await rm(user.root)
  await mkdir(user.root)
})

test('a home that is removed while the server runs is made anew', async () => {
  const fixture = await shared.get()
  const user = fixture.user('second')
  const sftp = await sftpOf(fixture, user)
  assert.equal(await made(sftp, '/first'), 'made')
  await rm(user.root, { recursive: true })
  await eventually(
    async () => ((await made(sftp, '/second')) === 'made' ? true : undefined),
    'folder in the new home',
    KEPT_MS,
  )
  assert.ok((await stat(`${user.root}/second`)).isDirectory())
})
