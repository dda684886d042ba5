import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { settle } from '../../helpers/fake-clock.ts'
import { createLocalUnderTest, LOCAL_DEFAULTS } from '../../helpers/local-storage.ts'
import {
  ALICE,
  BOB,
  bytes,
  fails,
  get,
  names,
  openWrite,
  put,
  putPartial,
} from '../../helpers/storage-files.ts'
import { keyOf } from '../../helpers/storage-key.ts'

const MIB = 1024 * 1024
/** What Node has without UV_THREADPOOL_SIZE. */
const POOL_THREADS = 4

test('kill -9 leaves no part under a final name; after a restart the owner resumes', async () => {
  const { driver, root, close } = await createLocalUnderTest()
  after(close)
  const script = fileURLToPath(new URL('./crash-child.ts', import.meta.url))
  const child = spawn(process.execPath, [script, root], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.deepEqual(
    readdirSync(root).filter((name) => !name.startsWith('.sp~')),
    ['replaced'],
  )
  assert.equal(readFileSync(join(root, 'replaced'), 'utf8'), 'the old content')
  assert.equal(await get(driver, '/replaced', BOB), 'the old content')
  assert.deepEqual(await names(driver, '/', BOB), ['replaced'])
  assert.deepEqual(await names(driver, '/'), ['new', 'replaced'])
  const { size } = await driver.stat(keyOf('/new'), ALICE, true)
  assert.ok(size > 0)
  const upload = await openWrite(driver, '/new', ALICE, { start: 'current' })
  assert.equal(upload.size, size)
  await upload.write(bytes('END'), size)
  await upload.commit()
  assert.ok((await get(driver, '/new')).endsWith('aaaEND'))
  assert.equal(statSync(join(root, 'new')).mode & 0o777, 0o644)
})

const NO_SMALL_DISK = 'a small tmpfs cannot be mounted here'

/** `small`: the folder `small` of the driver's, with a disk of one MiB below it; undefined where none can be had. */
async function smallDisk() {
  const { driver, root, storage, close } = await createLocalUnderTest()
  const folder = join(root, 'small')
  mkdirSync(folder)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0
  after(async () => {
    if (mounted) spawnSync('umount', ['-l', folder])
    await close()
  })
  return { driver, small: mounted ? await storage.open(folder) : undefined }
}

test('a full disk is storage.full, and what was there stays', async (t) => {
  const { driver, small } = await smallDisk()
  if (small === undefined) return t.skip(NO_SMALL_DISK)
  await put(small, '/kept', 'kept')
  const upload = await openWrite(small, '/big')
  await fails('storage.full', async () => {
    for (let at = 0; at < 4; at += 1) await upload.write(new Uint8Array(MIB), at * MIB)
  })
  await upload.discard()
  assert.deepEqual(await names(small, '/'), ['kept'])
  assert.equal(await get(driver, '/small/kept'), 'kept')
  await small.close()
})

test('after a write that failed halfway, what is kept is what lies there', async (t) => {
  const { small } = await smallDisk()
  if (small === undefined) return t.skip(NO_SMALL_DISK)
  const upload = await openWrite(small, '/big')
  await fails('storage.full', () => upload.write(new Uint8Array(4 * MIB), 0))
  const kept = await upload.abort()
  assert.ok(kept.bytes > 0)
  assert.deepEqual(kept, await small.usage())
  await small.close()
})

test('an upload that is taken over while it is cut is cut before', async (t) => {
  const { driver, root, close } = await createLocalUnderTest()
  after(close)
  const older = await openWrite(driver, '/file')
  await older.setAttributes({ size: 8 * MIB })
  const fifo = join(root, 'fifo')
  if (spawnSync('mkfifo', [fifo]).status !== 0) return t.skip('no mkfifo here')
  // Whoever opens a pipe that nobody writes to keeps a thread of the pool: no other is left.
  const threads = Array.from({ length: POOL_THREADS }, () => open(fifo, 'r'))
  const cutting = older.setAttributes({ size: 1 })
  const takingOver = openWrite(driver, '/file', ALICE, { start: 'current' })
  for (let turn = 0; turn < 5; turn += 1) await settle()
  const writer = openSync(fifo, 'r+')
  const [newer] = await Promise.all([takingOver, cutting])
  for (const thread of await Promise.all(threads)) await thread.close()
  closeSync(writer)
  assert.equal(newer.size, 1)
  await newer.write(bytes('x'), newer.size)
  assert.equal((await newer.commit()).entry.size, 2)
})

test('syncOnCommit: the disk has the content before the name, and then the name', async () => {
  for (const native of [LOCAL_DEFAULTS.native, undefined]) {
    const { driver, root, close } = await createLocalUnderTest({ native, syncOnCommit: true })
    after(close)
    const named: boolean[] = []
    const hook = createHook({
      init: (_id, type) => {
        if (type === 'FSREQCALLBACK') named.push(existsSync(join(root, 'file')))
      },
    })
    const upload = await openWrite(driver, '/file')
    await upload.write(bytes('x'), 0)
    hook.enable()
    await upload.commit()
    hook.disable()
    assert.deepEqual(named, [false, true])
  }
})

test('where the file system refuses modes, files and directories are made all the same', async (t) => {
  const { driver, root, storage, close } = await createLocalUnderTest()
  const [kept, refusing] = [join(root, 'kept'), join(root, 'refusing')]
  for (const folder of [kept, refusing]) mkdirSync(folder)
  const mounted = spawnSync('bindfs', ['--chmod-deny', kept, refusing]).status === 0
  after(async () => {
    if (mounted) spawnSync('umount', ['-l', refusing])
    await close()
  })
  if (!mounted) return t.skip('bindfs is not there, or may not mount')
  const strict = await storage.open(refusing)
  assert.equal((await put(strict, '/file', 'content')).mode, 0o600)
  const upload = await openWrite(strict, '/file', ALICE, { start: 'current' })
  await upload.setAttributes({ mode: 0o640, mtimeMs: 5000 })
  const { entry } = await upload.commit()
  assert.deepEqual([entry.mode, entry.mtimeMs], [0o600, 5000])
  await strict.mkdir(keyOf('/directory'))
  await fails('access.denied', () => strict.setAttributes(keyOf('/file'), ALICE, { mode: 0o640 }, true))
  assert.deepEqual(await names(driver, '/kept'), ['directory', 'file'])
  await strict.close()
})

test('FIFOs and devices are shown but never opened', async (t) => {
  const { driver, root, close } = await createLocalUnderTest()
  after(close)
  if (spawnSync('mkfifo', [join(root, 'fifo')]).status !== 0) return t.skip('no mkfifo here')
  assert.equal((await driver.stat(keyOf('/fifo'), ALICE, true)).kind, 'other')
  await fails('storage.unsupported', () => driver.openRead(keyOf('/fifo'), ALICE))
  await fails('storage.unsupported', () => openWrite(driver, '/fifo'))
  await fails('storage.unsupported', () => driver.setAttributes(keyOf('/fifo'), ALICE, { size: 0 }, true))
  await driver.remove(keyOf('/fifo'), ALICE)
})

test('partials are removed when they are too old, by listing their directory', async () => {
  const { driver, root, close } = await createLocalUnderTest({ partialRetentionMs: 60_000 })
  after(close)
  await putPartial(driver, '/mine', 'part')
  await putPartial(driver, '/theirs', 'partial', BOB)
  await putPartial(driver, '/young', 'x')
  const running = await openWrite(driver, '/running')
  await running.write(bytes('x'), 0)
  const old = new Date(Date.now() - 120_000)
  for (const name of readdirSync(root)) if (!name.endsWith('young')) utimesSync(join(root, name), old, old)
  const freed: unknown[] = []
  const seen: string[] = []
  for await (const batch of driver.list(keyOf('/'), ALICE, (usage) => freed.push(usage))) {
    seen.push(...batch.map(({ name }) => name))
  }
  assert.deepEqual(seen, ['young'])
  assert.deepEqual(freed, [{ bytes: 4, files: 1 }])
  assert.equal(readdirSync(root).length, 2)
  await running.commit()
  assert.equal(await get(driver, '/running'), 'x')
})

test('a partial that somebody else replaced is not committed', async () => {
  const { driver, root, close } = await createLocalUnderTest()
  after(close)
  const upload = await openWrite(driver, '/file')
  await upload.write(bytes('mine'), 0)
  const [partial = ''] = readdirSync(root)
  assert.ok(partial.startsWith('.sp~'))
  writeFileSync(join(root, 'other'), 'other')
  renameSync(join(root, 'other'), join(root, partial))
  await fails('transfer.aborted', () => upload.commit())
  assert.deepEqual(await upload.abort(), { bytes: 0, files: 0 })
  await fails('path.not-found', () => driver.stat(keyOf('/file'), BOB, true))
})

test('an edit of a file with holes copies what is in it, and fills no disk', async () => {
  const { driver, root, close } = await createLocalUnderTest()
  after(close)
  const path = join(root, 'file')
  writeFileSync(path, randomBytes(1.5 * MIB))
  truncateSync(path, 40 * MIB)
  appendFileSync(path, randomBytes(0.5 * MIB))
  truncateSync(path, 70 * MIB + 7)
  const before = readFileSync(path)
  const edit = await openWrite(driver, '/file', ALICE, { start: 'current' })
  assert.equal(edit.size, before.length)
  await edit.write(bytes('edited'), 50 * MIB)
  await edit.commit()
  before.write('edited', 50 * MIB)
  assert.ok(readFileSync(path).equals(before))
  assert.ok(statSync(path).blocks * 512 <= 4 * MIB, 'holes stay holes')
})

test('with inPlaceWrites edits go into the file, new content is still staged', async () => {
  const { driver, root, close } = await createLocalUnderTest({ inPlaceWrites: true })
  after(close)
  await put(driver, '/file', '0123456789')
  const { ino } = statSync(join(root, 'file'))
  const edit = await openWrite(driver, '/file', ALICE, { start: 'current' })
  assert.deepEqual(edit.inherited, { bytes: 10, files: 1 })
  await edit.write(bytes('XX'), 4)
  await edit.write(bytes('tail'), 10)
  assert.deepEqual(await edit.abort(), { bytes: 14, files: 1 })
  assert.equal(await get(driver, '/file'), '0123XX6789tail')
  assert.equal(statSync(join(root, 'file')).ino, ino)
  await put(driver, '/file', 'new')
  assert.notEqual(statSync(join(root, 'file')).ino, ino)
})

test('large uploads: many writes under way, gathered writes, a sync, and the same bytes back', async () => {
  const { driver, close } = await createLocalUnderTest({ syncOnCommit: true })
  after(close)
  const upload = await openWrite(driver, '/large')
  const pattern = (at: number) => new Uint8Array(100_003).fill(at % 251)
  const writes: unknown[] = []
  for (let index = 0; index < 60; index += 2) {
    const position = index * 100_003
    writes.push(upload.writev([pattern(index), pattern(index + 1)], position))
  }
  await Promise.all(writes)
  await upload.sync()
  assert.equal((await upload.commit()).entry.size, 60 * 100_003)
  const file = await driver.openRead(keyOf('/large'), ALICE)
  const into = new Uint8Array(100_003)
  for (let index = 0; index < 60; index += 1) {
    let at = 0
    while (at < into.length) at += await file.read(into.subarray(at), index * 100_003 + at)
    assert.deepEqual(into, pattern(index))
  }
  await file.close()
})

test('offsets that no file can have are refused', async () => {
  const { driver, close } = await createLocalUnderTest()
  after(close)
  const upload = await openWrite(driver, '/file')
  for (const position of [-1, 0.5, Number.NaN, 2 ** 53]) {
    await fails('transfer.bad-offset', () => upload.write(bytes('x'), position))
  }
  await upload.discard()
})
