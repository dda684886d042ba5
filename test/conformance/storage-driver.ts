import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { StorageDriver } from '../../src/core/vfs/storage.ts'
import {
  ALICE,
  BOB,
  bytes,
  entries,
  fails,
  get,
  names,
  openWrite,
  put,
  putPartial,
} from '../helpers/storage-files.ts'
import { keyOf } from '../helpers/storage-key.ts'

export type StorageUnderTest = Readonly<{
  driver: StorageDriver
  close: () => Promise<void>
}>

type Driver = () => StorageDriver

function reading(driver: Driver): void {
  test('the root is a directory', async () => {
    assert.equal((await driver().stat(keyOf('/'), ALICE, true)).kind, 'directory')
  })

  test('reads any range, and 0 past the end', async () => {
    await put(driver(), '/range', '0123456789')
    const file = await driver().openRead(keyOf('/range'), ALICE)
    const into = new Uint8Array(4)
    assert.equal(file.size, 10)
    assert.equal(await file.read(into, 8), 2)
    assert.equal(new TextDecoder().decode(into.subarray(0, 2)), '89')
    assert.equal(await file.read(into, 10), 0)
    assert.equal(await file.read(into, 1000), 0)
    assert.equal((await file.stat()).size, 10)
    await file.close()
    await file.close()
    await fails('handle.invalid', () => file.read(into, 0))
  })

  test('an open file keeps its content when the name is replaced', async () => {
    await put(driver(), '/kept', 'old')
    const file = await driver().openRead(keyOf('/kept'), ALICE)
    await put(driver(), '/kept', 'newer')
    const into = new Uint8Array(10)
    assert.equal(await file.read(into, 0), 3)
    await file.close()
    assert.equal(await get(driver(), '/kept'), 'newer')
  })

  test('errors name what is wrong with a path', async () => {
    await put(driver(), '/plain', 'x')
    await driver().mkdir(keyOf('/dir'))
    await fails('path.not-found', () => driver().openRead(keyOf('/nothing'), ALICE))
    await fails('path.not-found', () => driver().stat(keyOf('/no/thing'), ALICE, true))
    await fails('path.not-directory', () => driver().stat(keyOf('/plain/x'), ALICE, true))
    await fails('path.is-directory', () => driver().openRead(keyOf('/dir'), ALICE))
    await fails('path.is-directory', () => openWrite(driver(), '/dir'))
    await fails('path.is-directory', () => openWrite(driver(), '/'))
    await fails('path.not-found', () => openWrite(driver(), '/no/file'))
    await fails('path.not-found', () => names(driver(), '/nowhere'))
    await fails('path.not-directory', () => names(driver(), '/plain'))
  })

  test('lists all entries once, with what stat says', async () => {
    await driver().mkdir(keyOf('/list'))
    for (let index = 0; index < 300; index += 1) await put(driver(), `/list/f${index}`, 'x'.repeat(index % 7))
    await driver().mkdir(keyOf('/list/d'))
    const all = await entries(driver(), '/list')
    assert.equal(all.length, 301)
    const f6 = all.find(({ name }) => name === 'f6')
    assert.deepEqual(f6, await driver().stat(keyOf('/list/f6'), ALICE, true))
    assert.equal(all.find(({ name }) => name === 'd')?.kind, 'directory')
  })
}

function writing(driver: Driver): void {
  test('nobody sees an upload before its commit', async () => {
    const upload = await openWrite(driver(), '/staged')
    await upload.write(bytes('content'), 0)
    await fails('path.not-found', () => driver().stat(keyOf('/staged'), ALICE, true))
    await fails('path.not-found', () => driver().stat(keyOf('/staged'), BOB, true))
    assert.ok(!(await names(driver(), '/')).includes('staged'))
    const { entry, freed } = await upload.commit()
    assert.equal(entry.size, 7)
    assert.equal(entry.name, 'staged')
    assert.deepEqual(freed, { bytes: 0, files: 0 })
    assert.equal(await get(driver(), '/staged'), 'content')
  })

  test('a replacement frees the old file, which all see until then', async () => {
    await put(driver(), '/replace', 'old content')
    await driver().setAttributes(keyOf('/replace'), ALICE, { mode: 0o600 }, true)
    const upload = await openWrite(driver(), '/replace')
    await upload.write(bytes('new'), 0)
    assert.equal(await get(driver(), '/replace'), 'old content')
    const { entry, freed } = await upload.commit()
    assert.deepEqual(freed, { bytes: 11, files: 1 })
    assert.equal(entry.mode, 0o600)
    assert.equal(await get(driver(), '/replace'), 'new')
  })

  test('what came under the name during the upload is replaced, with its mode, and counted', async () => {
    const upload = await openWrite(driver(), '/meanwhile')
    await upload.write(bytes('new'), 0)
    await put(driver(), '/meanwhile', 'theirs', BOB)
    await driver().setAttributes(keyOf('/meanwhile'), BOB, { mode: 0o600 }, true)
    const { entry, freed } = await upload.commit()
    assert.deepEqual(freed, { bytes: 6, files: 1 })
    assert.equal(entry.mode, 0o600)
    assert.equal((await driver().stat(keyOf('/meanwhile'), BOB, true)).mode, 0o600)
    assert.equal(await get(driver(), '/meanwhile', BOB), 'new')
  })

  test('positions may come in any order and overlap', async () => {
    const upload = await openWrite(driver(), '/order')
    await Promise.all([
      upload.write(bytes('cccc'), 8),
      upload.write(bytes('aaaa'), 0),
      upload.writev([bytes('b'), bytes('bb'), bytes('b')], 4),
      upload.write(bytes('X'), 3),
    ])
    const into = new Uint8Array(20)
    assert.equal(upload.size, 12)
    assert.equal(await upload.read(into, 2), 10)
    assert.equal(new TextDecoder().decode(into.subarray(0, 10)), 'aXbbbbcccc')
    assert.equal((await upload.stat()).size, 12)
    await upload.sync()
    await upload.commit()
    assert.equal(await get(driver(), '/order'), 'aaaXbbbbcccc')
  })

  test('exclusive never replaces, not even what came during the upload', async () => {
    await put(driver(), '/taken', 'x')
    await fails('path.exists', () => openWrite(driver(), '/taken', ALICE, { exclusive: true }))
    const upload = await openWrite(driver(), '/race', ALICE, { exclusive: true })
    await upload.write(bytes('mine'), 0)
    await put(driver(), '/race', 'theirs', BOB)
    await fails('path.exists', () => upload.commit())
    await upload.discard()
    assert.equal(await get(driver(), '/race', BOB), 'theirs')
    const first = await openWrite(driver(), '/fresh', ALICE, { exclusive: true })
    await first.write(bytes('ok'), 0)
    await first.commit()
    assert.equal(await get(driver(), '/fresh'), 'ok')
  })

  test('a commit that failed for its name leaves a partial that is as young as it is', async () => {
    const upload = await openWrite(driver(), '/late', ALICE, { exclusive: true })
    await upload.write(bytes('mine'), 0)
    await upload.setAttributes({ mtimeMs: 1000, atimeMs: 1000 })
    await put(driver(), '/late', 'theirs', BOB)
    await fails('path.exists', () => upload.commit())
    assert.deepEqual(await upload.abort(), { bytes: 4, files: 1 })
    await names(driver(), '/')
    assert.equal((await driver().stat(keyOf('/late'), ALICE, true)).size, 4)
  })

  test('reads of an upload may lie beyond all that a file can have', async () => {
    const upload = await openWrite(driver(), '/beyond')
    await upload.write(bytes('x'), 0)
    for (const position of [1, 2 ** 53, 2 ** 63])
      assert.equal(await upload.read(new Uint8Array(8), position), 0)
    await upload.discard()
  })

  test('create false wants a file or an own partial', async () => {
    await fails('path.not-found', () => openWrite(driver(), '/absent', ALICE, { create: false }))
    await putPartial(driver(), '/absent', 'part')
    await fails('path.not-found', () => openWrite(driver(), '/absent', BOB, { create: false }))
    const upload = await openWrite(driver(), '/absent', ALICE, { create: false, start: 'current' })
    assert.equal(upload.size, 4)
    await upload.discard()
  })

  test('of the file as much is gone on from as is wanted', async () => {
    await put(driver(), '/part', '0123456789')
    for (const [upTo, size] of [
      [4, 4],
      [10, 10],
      [99, 10],
    ] as const) {
      const upload = await openWrite(driver(), '/part', ALICE, { start: 'current', upTo })
      assert.equal(upload.size, size)
      assert.equal((await upload.stat()).size, size)
      await upload.discard()
    }
    await putPartial(driver(), '/part', 'partial')
    const resumed = await openWrite(driver(), '/part', ALICE, { start: 'current', upTo: 4 })
    assert.equal(resumed.size, 7)
    await resumed.discard()
  })

  test('start current continues the file, and leaves no trace when nothing is written', async () => {
    await put(driver(), '/append', 'head')
    const upload = await openWrite(driver(), '/append', ALICE, { start: 'current' })
    assert.equal(upload.size, 4)
    assert.deepEqual(upload.inherited, { bytes: 0, files: 0 })
    await upload.write(bytes('tail'), 4)
    assert.equal(await get(driver(), '/append', BOB), 'head')
    await upload.commit()
    assert.equal(await get(driver(), '/append'), 'headtail')
    const idle = await openWrite(driver(), '/append', ALICE, { start: 'current' })
    assert.deepEqual(await idle.abort(), { bytes: 0, files: 0 })
    assert.equal(await get(driver(), '/append'), 'headtail')
  })

  test('attributes given to an upload are those of the file', async () => {
    const upload = await openWrite(driver(), '/attributes')
    await upload.write(bytes('0123456789'), 0)
    await upload.setAttributes({
      mtimeMs: 1_000_000_000_000,
      atimeMs: 1_000_000_000_000,
      mode: 0o640,
      size: 5,
    })
    assert.equal((await upload.stat()).mtimeMs, 1_000_000_000_000)
    const { entry } = await upload.commit()
    assert.equal(entry.mtimeMs, 1_000_000_000_000)
    assert.equal(entry.mode, 0o640)
    assert.equal(entry.size, 5)
    assert.deepEqual(await driver().stat(keyOf('/attributes'), ALICE, true), entry)
  })

  test('an ended upload takes nothing more', async () => {
    const upload = await openWrite(driver(), '/ended')
    await upload.write(bytes('x'), 0)
    await upload.commit()
    await fails('handle.invalid', () => upload.write(bytes('y'), 1))
    await fails('handle.invalid', () => upload.commit())
    await upload.abort()
    assert.equal(await get(driver(), '/ended'), 'x')
  })
}

function partials(driver: Driver): void {
  test('a partial shadows its name for its owner alone', async () => {
    await put(driver(), '/shadow', 'the old file', BOB)
    await putPartial(driver(), '/shadow', 'part')
    assert.equal((await driver().stat(keyOf('/shadow'), ALICE, true)).size, 4)
    assert.equal((await driver().stat(keyOf('/shadow'), BOB, true)).size, 12)
    assert.equal((await entries(driver(), '/')).find(({ name }) => name === 'shadow')?.size, 4)
    assert.equal((await entries(driver(), '/', BOB)).find(({ name }) => name === 'shadow')?.size, 12)
    await fails('path.unfinished', () => driver().openRead(keyOf('/shadow'), ALICE))
    await fails('path.unfinished', () =>
      driver().setAttributes(keyOf('/shadow'), ALICE, { mtimeMs: 0 }, true),
    )
    await driver().setAttributes(keyOf('/shadow'), ALICE, { mode: 0o600 }, true)
    assert.equal(await get(driver(), '/shadow', BOB), 'the old file')
    assert.deepEqual(await driver().remove(keyOf('/shadow'), ALICE), { bytes: 4, files: 1 })
    assert.equal(await get(driver(), '/shadow'), 'the old file')
    assert.deepEqual(await driver().remove(keyOf('/shadow'), ALICE), { bytes: 12, files: 1 })
    await fails('path.not-found', () => driver().remove(keyOf('/shadow'), ALICE))
  })

  test('a partial without a file is listed for its owner only', async () => {
    await putPartial(driver(), '/only-mine', 'part')
    assert.ok((await names(driver(), '/')).includes('only-mine'))
    assert.ok(!(await names(driver(), '/', BOB)).includes('only-mine'))
    await fails('path.not-found', () => driver().stat(keyOf('/only-mine'), BOB, true))
    await driver().remove(keyOf('/only-mine'), ALICE)
  })

  test('resume goes on where the partial ends; a new start drops it', async () => {
    await putPartial(driver(), '/resume', 'first ')
    const upload = await openWrite(driver(), '/resume', ALICE, { start: 'current' })
    assert.deepEqual(upload.inherited, { bytes: 6, files: 1 })
    await fails('path.not-found', () => driver().stat(keyOf('/resume'), ALICE, true))
    await upload.write(bytes('second'), 6)
    assert.deepEqual(await upload.abort(), { bytes: 12, files: 1 })
    const again = await openWrite(driver(), '/resume', ALICE, { start: 'empty' })
    assert.deepEqual(again.inherited, { bytes: 12, files: 1 })
    assert.equal(again.size, 0)
    await again.write(bytes('new'), 0)
    await again.commit()
    assert.equal(await get(driver(), '/resume'), 'new')
  })

  test('a newer upload supersedes the older one', async () => {
    const older = await openWrite(driver(), '/super')
    await older.write(bytes('older'), 0)
    const newer = await openWrite(driver(), '/super', ALICE, { start: 'current' })
    assert.equal(newer.size, 5)
    assert.deepEqual(newer.inherited, { bytes: 5, files: 1 })
    await fails('transfer.aborted', () => older.write(bytes('x'), 5))
    await fails('transfer.aborted', () => older.commit())
    assert.deepEqual(await older.abort(), { bytes: 5, files: 1 }, 'what the newer one goes on with')
    assert.deepEqual(await older.abort(), { bytes: 0, files: 0 })
    await newer.write(bytes(' newer'), 5)
    await newer.commit()
    assert.equal(await get(driver(), '/super'), 'older newer')
  })

  test('an upload that cannot be opened leaves the one that runs alone', async () => {
    await put(driver(), '/guarded', 'old')
    const running = await openWrite(driver(), '/guarded')
    await running.write(bytes('new'), 0)
    await fails('path.exists', () => openWrite(driver(), '/guarded', ALICE, { exclusive: true }))
    await running.commit()
    assert.equal(await get(driver(), '/guarded'), 'new')
  })

  test('uploads of different users to one name do not meet', async () => {
    const alice = await openWrite(driver(), '/both')
    const bob = await openWrite(driver(), '/both', BOB)
    await alice.write(bytes('alice'), 0)
    await bob.write(bytes('bob'), 0)
    await alice.commit()
    assert.equal(await get(driver(), '/both'), 'alice')
    assert.deepEqual((await bob.commit()).freed, { bytes: 5, files: 1 })
    assert.equal(await get(driver(), '/both'), 'bob')
  })

  test('names of all lengths can be staged and resumed', async () => {
    const name = `/${'n'.repeat(255)}`
    await putPartial(driver(), name, 'half')
    assert.equal((await driver().stat(keyOf(name), ALICE, true)).size, 4)
    const upload = await openWrite(driver(), name, ALICE, { start: 'current' })
    assert.equal(upload.size, 4)
    await upload.commit()
    assert.equal(await get(driver(), name), 'half')
  })

  test('reserved names do not exist', async () => {
    await fails('path.not-found', () => openWrite(driver(), '/.sp~abc'))
    await fails('path.not-found', () => driver().mkdir(keyOf('/.sp~abc')))
    await fails('path.not-found', () => driver().stat(keyOf('/.sp~abc/x'), ALICE, true))
    // Nor what a file system might take for one.
    for (const name of ['.SP~abc', '.sP~abc', '.\u017fp~abc', '.s\u200bp~abc', '\u00ad.sp~abc'])
      await fails('path.not-found', () => openWrite(driver(), `/${name}`))
    for (const name of ['.sp', '.sp-a', 'sp~a', '.sq~a', '\u0131.sp~', '.\u00e9', '.ßp~', '.S'])
      await put(driver(), `/${name}`, 'x')
  })
}

function changing(driver: Driver): void {
  test('directories: made once, removed when empty, partials do not keep them', async () => {
    await driver().mkdir(keyOf('/made'))
    await fails('path.exists', () => driver().mkdir(keyOf('/made')))
    await fails('path.not-found', () => driver().mkdir(keyOf('/no/where')))
    await put(driver(), '/made/file', 'x')
    await fails('path.not-empty', () => driver().rmdir(keyOf('/made'), ALICE))
    await fails('path.is-directory', () => driver().remove(keyOf('/made'), ALICE))
    await fails('path.not-directory', () => driver().rmdir(keyOf('/made/file'), ALICE))
    await driver().remove(keyOf('/made/file'), ALICE)
    await putPartial(driver(), '/made/mine', 'part')
    await putPartial(driver(), '/made/theirs', 'partial', BOB)
    const freed: unknown[] = []
    await driver().rmdir(keyOf('/made'), ALICE, (usage) => freed.push(usage))
    assert.deepEqual(freed, [{ bytes: 4, files: 1 }])
    await fails('path.not-found', () => driver().rmdir(keyOf('/made'), ALICE))
    await fails('access.denied', () => driver().rmdir(keyOf('/'), ALICE))
  })

  test('a running upload keeps its directory', async () => {
    await driver().mkdir(keyOf('/busy'))
    const upload = await openWrite(driver(), '/busy/file')
    await upload.write(bytes('x'), 0)
    await fails('path.not-empty', () => driver().rmdir(keyOf('/busy'), ALICE))
    await upload.commit()
    assert.equal(await get(driver(), '/busy/file'), 'x')
  })

  test('rename moves, replaces when asked, and says what it freed', async () => {
    const rename = (from: string, to: string, replace: boolean) =>
      driver().rename(keyOf(from), keyOf(to), { owner: ALICE, replace })
    await put(driver(), '/a', 'aaa')
    await put(driver(), '/b', 'bb')
    await driver().mkdir(keyOf('/sub'))
    await fails('path.exists', () => rename('/a', '/b', false))
    assert.equal(await get(driver(), '/b'), 'bb')
    assert.deepEqual(await rename('/a', '/b', true), { bytes: 2, files: 1 })
    assert.deepEqual(await rename('/b', '/sub/c', false), { bytes: 0, files: 0 })
    assert.equal(await get(driver(), '/sub/c'), 'aaa')
    await fails('path.not-found', () => rename('/b', '/x', true))
    await fails('path.invalid', () => rename('/sub', '/sub/below', true))
    await rename('/sub', '/moved', false)
    assert.equal(await get(driver(), '/moved/c'), 'aaa')
    await fails('path.not-found', () => driver().stat(keyOf('/sub/c'), ALICE, true))
    await driver().mkdir(keyOf('/other'))
    await fails('path.exists', () => rename('/moved', '/other', false))
    await fails('path.is-directory', () => rename('/moved/c', '/other', true))
    await fails('path.not-empty', () => rename('/other', '/moved', true))
  })

  test('rename takes the owner’s partial of the target along, and refuses partials', async () => {
    await put(driver(), '/source', 'whole')
    await putPartial(driver(), '/target', 'part')
    await fails('path.unfinished', () =>
      driver().rename(keyOf('/target'), keyOf('/x'), { owner: ALICE, replace: true }),
    )
    const freed = await driver().rename(keyOf('/source'), keyOf('/target'), { owner: ALICE, replace: true })
    assert.deepEqual(freed, { bytes: 4, files: 1 })
    assert.equal(await get(driver(), '/target'), 'whole')
  })

  test('an upload follows its directory when that is renamed', async () => {
    await driver().mkdir(keyOf('/before'))
    const upload = await openWrite(driver(), '/before/file')
    await upload.write(bytes('x'), 0)
    await driver().rename(keyOf('/before'), keyOf('/after'), { owner: ALICE, replace: false })
    await upload.commit()
    assert.equal(await get(driver(), '/after/file'), 'x')
  })

  test('attributes: mode without special bits, times, size', async () => {
    await put(driver(), '/set', '0123456789')
    await driver().setAttributes(keyOf('/set'), ALICE, { mode: 0o6755, mtimeMs: 5000, atimeMs: 6000 }, true)
    const entry = await driver().stat(keyOf('/set'), ALICE, true)
    assert.deepEqual([entry.mode, entry.mtimeMs, entry.atimeMs], [0o755, 5000, 6000])
    await driver().setAttributes(keyOf('/set'), ALICE, { size: 3 }, true)
    assert.equal(await get(driver(), '/set'), '012')
    await driver().setAttributes(keyOf('/set'), ALICE, { size: 5 }, true)
    assert.equal(await get(driver(), '/set'), '012\0\0')
    await fails('path.not-found', () => driver().setAttributes(keyOf('/none'), ALICE, { mode: 0 }, true))
    await fails('path.is-directory', () => driver().setAttributes(keyOf('/'), ALICE, { size: 0 }, true))
  })

  test('times before 1970 stay what they are', async () => {
    await put(driver(), '/old', 'x')
    await driver().setAttributes(keyOf('/old'), ALICE, { mtimeMs: -1000 }, true)
    await driver().setAttributes(keyOf('/old'), ALICE, { atimeMs: 6000 }, true)
    const entry = await driver().stat(keyOf('/old'), ALICE, true)
    assert.deepEqual([entry.mtimeMs, entry.atimeMs], [-1000, 6000])
    const upload = await openWrite(driver(), '/older')
    await upload.setAttributes({ mtimeMs: -2000, atimeMs: -3000 })
    const committed = (await upload.commit()).entry
    assert.deepEqual([committed.mtimeMs, committed.atimeMs], [-2000, -3000])
  })

  test('space is all files and partials', async () => {
    const before = await driver().usage()
    await put(driver(), '/counted', 'four')
    await putPartial(driver(), '/counted-too', 'sixsix')
    const after = await driver().usage()
    assert.deepEqual([after.bytes - before.bytes, after.files - before.files], [10, 2])
    const stats = await driver().filesystemStats(keyOf('/'))
    assert.ok(stats.totalBlocks >= stats.freeBlocks && stats.blockSize > 0)
  })

  test('the file system of a file, a link and a folder is that of its name', async () => {
    await put(driver(), '/on', 'x')
    await driver().mkdir(keyOf('/over'))
    await driver().symbolicLink('on', keyOf('/via'))
    const { totalBlocks } = await driver().filesystemStats(keyOf('/'))
    for (const path of ['/on', '/over', '/via'])
      assert.equal((await driver().filesystemStats(keyOf(path))).totalBlocks, totalBlocks, path)
    await fails('path.not-found', () => driver().filesystemStats(keyOf('/none')))
    await fails('path.not-directory', () => driver().filesystemStats(keyOf('/on/x')))
  })

  test('what is being written shows the mode that it will have', async () => {
    await put(driver(), '/mode', 'x')
    await driver().setAttributes(keyOf('/mode'), ALICE, { mode: 0o640 }, true)
    const edit = await openWrite(driver(), '/mode', ALICE, { start: 'current' })
    assert.equal((await edit.stat()).mode, 0o640)
    await edit.setAttributes({ mode: 0o604 })
    assert.equal((await edit.stat()).mode, 0o604)
    assert.equal((await edit.commit()).entry.mode, 0o604)
    const made = await openWrite(driver(), '/made')
    const { mode } = await made.stat()
    assert.equal((await made.commit()).entry.mode, mode)
  })
}

function links(driver: Driver): void {
  test('links are followed inside, `..` and absolute targets stop at the root', async () => {
    await driver().mkdir(keyOf('/links'))
    await put(driver(), '/links/file', 'inside')
    await driver().symbolicLink('file', keyOf('/links/near'))
    await driver().symbolicLink('/links', keyOf('/absolute'))
    await driver().symbolicLink('../../../../links/file', keyOf('/links/up'))
    assert.equal(await get(driver(), '/links/near'), 'inside')
    assert.equal(await get(driver(), '/absolute/file'), 'inside')
    assert.equal(await get(driver(), '/absolute/up'), 'inside')
    assert.equal(await driver().readLink(keyOf('/links/near')), 'file')
    assert.equal((await driver().stat(keyOf('/links/near'), ALICE, false)).kind, 'symlink')
    assert.equal((await driver().stat(keyOf('/absolute'), ALICE, true)).kind, 'directory')
    assert.deepEqual(await names(driver(), '/absolute'), ['file', 'near', 'up'])
    await fails('path.exists', () => driver().symbolicLink('x', keyOf('/links/near')))
    await fails('path.invalid', () => driver().readLink(keyOf('/links/file')))
  })

  test('the system’s files are not reachable through links', async () => {
    await driver().symbolicLink('/etc/passwd', keyOf('/passwd'))
    await driver().symbolicLink('../../../../../../etc', keyOf('/etc-link'))
    await fails('path.not-found', () => driver().openRead(keyOf('/passwd'), ALICE))
    await fails('path.not-found', () => driver().openRead(keyOf('/etc-link/passwd'), ALICE))
    await fails('path.not-found', () => names(driver(), '/etc-link'))
  })

  test('loops end', async () => {
    await driver().symbolicLink('loop-b', keyOf('/loop-a'))
    await driver().symbolicLink('loop-a', keyOf('/loop-b'))
    await fails('path.not-found', () => driver().stat(keyOf('/loop-a'), ALICE, true))
    await fails('path.not-found', () => driver().openRead(keyOf('/loop-a/x'), ALICE))
    await fails('path.not-found', () => openWrite(driver(), '/loop-a'))
  })

  test('an upload through a link lands on the target, removing a link leaves it', async () => {
    await put(driver(), '/pointee', 'old')
    await driver().symbolicLink('pointee', keyOf('/pointer'))
    await put(driver(), '/pointer', 'written')
    assert.equal(await get(driver(), '/pointee'), 'written')
    assert.equal((await driver().stat(keyOf('/pointer'), ALICE, false)).kind, 'symlink')
    assert.deepEqual(await driver().remove(keyOf('/pointer'), ALICE), { bytes: 0, files: 0 })
    assert.equal(await get(driver(), '/pointee'), 'written')
  })

  test('hard links share the content until one name is replaced', async () => {
    await put(driver(), '/first', 'same')
    await driver().hardLink(keyOf('/first'), keyOf('/second'))
    assert.equal((await driver().stat(keyOf('/second'), ALICE, true)).links, 2)
    await fails('path.exists', () => driver().hardLink(keyOf('/first'), keyOf('/second')))
    const onto = (replace: boolean) =>
      driver().rename(keyOf('/first'), keyOf('/second'), { owner: ALICE, replace })
    await fails('path.exists', () => onto(false))
    assert.deepEqual(await onto(true), { bytes: 0, files: 0 })
    await driver().rename(keyOf('/first'), keyOf('/first'), { owner: ALICE, replace: false })
    await put(driver(), '/second', 'new')
    assert.equal(await get(driver(), '/first'), 'same')
    assert.equal((await driver().stat(keyOf('/first'), ALICE, true)).links, 1)
  })
}

/** What every storage driver does alike. `make` gives an empty driver; it is closed after the suite. */
export function storageDriverSuite(name: string, make: () => Promise<StorageUnderTest>): void {
  const parts = { reading, writing, partials, changing, links }
  for (const [part, define] of Object.entries(parts)) {
    describe(`storage driver ${name}: ${part}`, () => {
      let made: StorageUnderTest | undefined
      before(async () => {
        made = await make()
      })
      after(() => made?.close())
      define(() => {
        if (made === undefined) throw new Error('no driver')
        return made.driver
      })
    })
  }
}
