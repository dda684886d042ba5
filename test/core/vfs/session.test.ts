import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ACTIONS, type Action } from '../../../src/core/identity.ts'
import { BOB, bytes, fails, put } from '../../helpers/storage-files.ts'
import { at, createTestSession, download, listed, mount, upload } from '../../helpers/vfs.ts'

const OPEN = { start: 'empty', create: true, exclusive: false } as const

function without(...missing: Action[]): Action[] {
  return ACTIONS.filter((action) => !missing.includes(action))
}

test('mount points appear in listings above them and hide what they cover', async () => {
  const { files, storage } = createTestSession({
    mounts: [mount('/', 'root'), mount('/in', 'in'), mount('/far/away', 'far')],
  })
  await upload(files, '/file', 'x')
  const root = createTestSession({ mounts: [mount('/', 'root')], storage })
  await root.files.mkdir(at('/in'))
  await upload(root.files, '/in/covered', 'hidden')
  await upload(files, '/in/a', 'in a')
  assert.deepEqual(await listed(files, '/'), ['far', 'file', 'in'])
  assert.deepEqual(await listed(files, '/in'), ['a'])
  assert.deepEqual(await listed(files, '/far'), ['away'])
  assert.equal((await files.stat(at('/far'))).kind, 'directory')
  assert.equal((await files.stat(at('/in'))).name, 'in')
  await fails('path.not-found', () => files.stat(at('/far/other')))
})

test('above all mounts there is only the way to them', async () => {
  const { files } = createTestSession({ mounts: [mount('/a/b', 'b')] })
  assert.deepEqual(await listed(files, '/'), ['a'])
  assert.deepEqual([...files.permissions(at('/'))], ['list'])
  assert.equal((await files.stat(at('/a'))).kind, 'directory')
  await fails('access.denied', () => files.mkdir(at('/x')))
  await fails('access.denied', () => files.openWrite(at('/file'), OPEN))
  await upload(files, '/a/b/file', 'x')
  assert.equal(await download(files, '/a/b/file'), 'x')
})

test('mount points can be neither moved nor removed nor replaced', async () => {
  const { files } = createTestSession({ mounts: [mount('/', 'root'), mount('/d/in', 'in')] })
  await upload(files, '/file', 'x')
  for (const path of ['/', '/d', '/d/in']) {
    await fails('access.denied', () => files.rmdir(at(path)))
    await fails('access.denied', () => files.remove(at(path)))
    await fails('access.denied', () => files.rename(at(path), at('/x'), { replace: true }))
    await fails('access.denied', () => files.rename(at('/file'), at(path), { replace: true }))
    await fails('path.is-directory', () => files.openWrite(at(path), OPEN))
    await fails('path.exists', () => files.mkdir(at(path)))
  }
  await fails('storage.unsupported', () => files.rename(at('/file'), at('/d/in/file'), { replace: true }))
})

test('each operation asks for its action, and a refusal is in the audit', async () => {
  const denied: [Action, (session: ReturnType<typeof createTestSession>) => unknown][] = [
    ['list', ({ files }) => files.stat(at('/file'))],
    ['list', ({ files }) => files.lstat(at('/file'))],
    ['list', ({ files }) => listed(files, '/')],
    ['list', ({ files }) => files.readLink(at('/file'))],
    ['read', ({ files }) => files.openRead(at('/file'))],
    ['create', ({ files }) => files.openWrite(at('/new'), OPEN)],
    ['overwrite', ({ files }) => files.openWrite(at('/file'), OPEN)],
    ['overwrite', ({ files }) => files.openWrite(at('/file'), { ...OPEN, start: 'current' })],
    ['overwrite', ({ files }) => files.setAttributes(at('/file'), { size: 0 })],
    ['overwrite', ({ files }) => files.rename(at('/other'), at('/file'), { replace: true })],
    ['attributes', ({ files }) => files.setAttributes(at('/file'), { mode: 0o600 })],
    ['delete', ({ files }) => files.remove(at('/file'))],
    ['rename', ({ files }) => files.rename(at('/file'), at('/x'), { replace: true })],
    ['mkdir', ({ files }) => files.mkdir(at('/x'))],
    ['rmdir', ({ files }) => files.rmdir(at('/dir'))],
    ['link', ({ files }) => files.symbolicLink('file', at('/x'))],
    ['link', ({ files }) => files.hardLink(at('/file'), at('/x'))],
  ]
  const { files, storage } = createTestSession()
  await upload(files, '/file', 'content')
  await upload(files, '/other', 'other')
  await files.mkdir(at('/dir'))
  for (const [action, attempt] of denied) {
    const session = createTestSession({ storage, mounts: [mount('/', 'home', without(action))] })
    await fails('access.denied', () => attempt(session))
    assert.deepEqual(
      session.events.map((event) => event.type === 'file.denied' && event.action),
      [action],
    )
  }
  assert.deepEqual(await listed(files, '/'), ['dir', 'file', 'other'])
  assert.equal(await download(files, '/file'), 'content')
})

test('who may only create never replaces a file that came meanwhile', async () => {
  const { storage } = createTestSession()
  const dropbox = createTestSession({ storage, mounts: [mount('/', 'home', ['create'])] })
  const handle = await dropbox.files.openWrite(at('/race'), OPEN)
  await handle.write(bytes('dropped'), 0)
  await put(await storage.open('home'), '/race', 'first', BOB)
  await fails('path.exists', () => handle.commit())
})

test('transfers are in the audit with bytes, time and outcome', async () => {
  const { files, events, clock } = createTestSession()
  const handle = await files.openWrite(at('/file'), OPEN)
  await handle.write(bytes('12345'), 0)
  await handle.writev([bytes('67'), bytes('8')], 5)
  await clock.advance(250)
  await handle.commit()
  const lost = await files.openWrite(at('/lost'), OPEN)
  await lost.write(bytes('123'), 0)
  await lost.abort()
  assert.equal(await download(files, '/file'), '12345678')
  const partly = await files.openRead(at('/file'))
  await partly.read(new Uint8Array(3), 0)
  await partly.close()
  await partly.close()
  const transfers = events.map((event) =>
    event.type === 'file.transfer'
      ? [event.direction, event.path, event.bytes, event.durationMs, event.outcome]
      : [],
  )
  assert.deepEqual(transfers, [
    ['up', '/file', 8, 250, 'complete'],
    ['up', '/lost', 3, 0, 'aborted'],
    ['down', '/file', 8, 0, 'complete'],
    ['down', '/file', 3, 0, 'aborted'],
  ])
})

test('changes are in the audit', async () => {
  const { files, events } = createTestSession()
  await files.mkdir(at('/d'))
  await files.symbolicLink('d', at('/l'))
  await files.rename(at('/d'), at('/e'), { replace: false })
  await files.setAttributes(at('/e'), { mode: 0o700 })
  await files.remove(at('/l'))
  await files.rmdir(at('/e'))
  assert.deepEqual(
    events.map((event) => (event.type === 'file.changed' ? [event.action, event.path, event.to] : [])),
    [
      ['mkdir', '/d', undefined],
      ['link', '/l', undefined],
      ['rename', '/d', '/e'],
      ['attributes', '/e', undefined],
      ['delete', '/l', undefined],
      ['rmdir', '/e', undefined],
    ],
  )
})

test('absolute link targets are seen from the user’s root', async () => {
  const { files } = createTestSession({ mounts: [mount('/in', 'in')] })
  await upload(files, '/in/file', 'content')
  await files.symbolicLink('/in/file', at('/in/link'))
  assert.equal(await files.readLink(at('/in/link')), '/in/file')
  assert.equal(await download(files, '/in/link'), 'content')
  await fails('access.denied', () => files.symbolicLink('/out', at('/in/bad')))
})

test('an upload with a failed write is never committed', async () => {
  const { files, events } = createTestSession({ limits: { quotaBytes: 4 } })
  const handle = await files.openWrite(at('/file'), OPEN)
  await handle.write(bytes('1234'), 0)
  await fails('quota.exceeded', () => handle.write(bytes('5'), 4))
  await fails('quota.exceeded', () => handle.commit())
  assert.deepEqual(
    events.map((event) => event.type === 'file.transfer' && event.outcome),
    ['failed'],
  )
  await fails('path.unfinished', () => files.openRead(at('/file')))
})

test('nothing is written behind a failed write, though there is room for it again', async () => {
  const { files } = createTestSession({ limits: { quotaBytes: 8 } })
  await upload(files, '/other', 'here')
  const handle = await files.openWrite(at('/file'), OPEN)
  await handle.write(bytes('1234'), 0)
  await fails('quota.exceeded', async () => handle.write(bytes('56'), 4))
  await files.remove(at('/other'))
  await fails('quota.exceeded', async () => handle.write(bytes('78'), 6))
  await fails('quota.exceeded', async () => handle.writev([bytes('7'), bytes('8')], 6))
  await handle.abort()
  assert.equal((await files.stat(at('/file'))).size, 4)
})

test('an upload handle is no way around missing permissions', async () => {
  const { files, storage } = createTestSession()
  await upload(files, '/file', 'secret')
  const writer = createTestSession({ storage, mounts: [mount('/', 'home', ['create', 'overwrite'])] })
  const handle = await writer.files.openWrite(at('/file'), { ...OPEN, start: 'current' })
  await fails('access.denied', () => handle.read(new Uint8Array(6), 0))
  await fails('access.denied', () => handle.setAttributes({ mode: 0o777 }))
  await handle.setAttributes({ size: 3 })
  await handle.commit()
  assert.equal(await download(files, '/file'), 'sec')
})
