import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { FileServerError } from '../../../src/core/errors.ts'
import type { StorageDriver } from '../../../src/core/vfs/storage.ts'
import { createLocalStorage } from '../../../src/storage/local.ts'
import { createLocalUnderTest, LOCAL_DEFAULTS, realClock } from '../../helpers/local-storage.ts'
import { ALICE, bytes, entries, fails, get, names, openWrite, put } from '../../helpers/storage-files.ts'
import { keyOf } from '../../helpers/storage-key.ts'
import { hastyClock } from '../../helpers/systems.ts'

const RACE_MS = 4000
const SECRET = 'OUTSIDE'

/** Time runs so fast for this one that no handle is kept and every read and listing looks slow. */
const hasty = createLocalStorage({ ...LOCAL_DEFAULTS, clock: { ...realClock, ...hastyClock } })
/** Node's own calls only. */
const pure = createLocalStorage({ ...LOCAL_DEFAULTS, native: undefined })

test('swapping directories and files for links lets nothing escape', async (t) => {
  const { driver: patient, root, outside, close } = await createLocalUnderTest()
  after(close)
  const drivers = [patient, await hasty.open(root), await pure.open(root)]
  mkdirSync(join(root, 'dir'))
  mkdirSync(outside)
  writeFileSync(join(root, 'dir', 'file'), 'inside')
  writeFileSync(join(outside, 'file'), SECRET)
  writeFileSync(join(outside, 'only-outside'), SECRET)
  const before = readdirSync(outside)
  const secretStat = statSync(join(outside, 'file'))

  const stop = new SharedArrayBuffer(4)
  const worker = new Worker(new URL('./swapper.ts', import.meta.url), { workerData: { root, outside, stop } })
  const swaps = new Promise<number>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  const counts = { inside: 0, refused: 0, escaped: 0 }
  const attempt = async (work: () => Promise<boolean>): Promise<void> => {
    try {
      counts[(await work()) ? 'escaped' : 'inside'] += 1
    } catch (error) {
      assert.ok(error instanceof FileServerError, String(error))
      assert.notEqual(error.code, 'internal')
      counts.refused += 1
    }
  }
  const attacks: ((driver: StorageDriver) => Promise<boolean>)[] = [
    async (driver) => (await get(driver, '/dir/file')).includes(SECRET),
    async (driver) => (await driver.stat(keyOf('/dir/file'), ALICE, true)).size === SECRET.length,
    async (driver) => (await names(driver, '/dir')).includes('only-outside'),
    async (driver) => (await entries(driver, '/')).some(({ name }) => name === 'only-outside'),
    async (driver) => (await driver.stat(keyOf('/dir/only-outside'), ALICE, true)).size > 0,
    async (driver) => {
      await put(driver, '/dir/upload', 'mine')
      return false
    },
    async (driver) => {
      const edit = await openWrite(driver, '/dir/file', ALICE, { start: 'current' })
      const into = new Uint8Array(64)
      const read = await edit.read(into, 0)
      await edit.discard()
      return new TextDecoder().decode(into.subarray(0, read)).includes(SECRET)
    },
    async (driver) => {
      await driver.setAttributes(keyOf('/dir/file'), ALICE, { mode: 0o640, mtimeMs: 1000 }, true)
      return false
    },
    async (driver) => {
      await driver.mkdir(keyOf('/dir/made'))
      await driver.rmdir(keyOf('/dir/made'), ALICE)
      return false
    },
    async (driver) => {
      await driver.rename(keyOf('/dir/upload'), keyOf('/dir/renamed'), { owner: ALICE, replace: true })
      await driver.remove(keyOf('/dir/renamed'), ALICE)
      return false
    },
  ]
  const until = performance.now() + RACE_MS
  while (performance.now() < until) {
    for (const attack of attacks) for (const driver of drivers) await attempt(() => attack(driver))
  }
  Atomics.store(new Int32Array(stop), 0, 1)
  const swapped = await swaps
  await worker.terminate()
  t.diagnostic(`${swapped} swaps, ${JSON.stringify(counts)}`)
  assert.equal(counts.escaped, 0)
  assert.ok(swapped > 0 && counts.inside > 0 && counts.refused > 0, 'the race took place')
  assert.deepEqual(readdirSync(outside), before)
  assert.equal(readFileSync(join(outside, 'file'), 'utf8'), SECRET)
  const secretAfter = statSync(join(outside, 'file'))
  assert.deepEqual([secretAfter.mode, secretAfter.mtimeMs], [secretStat.mode, secretStat.mtimeMs])
})

test('links to outside made by others lead nowhere', async () => {
  const { driver, root, outside, close } = await createLocalUnderTest()
  after(close)
  mkdirSync(outside)
  writeFileSync(join(outside, 'file'), SECRET)
  symlinkSync(outside, join(root, 'absolute'))
  symlinkSync('../outside', join(root, 'relative'))
  symlinkSync('/proc/self/root', join(root, 'proc'))
  symlinkSync(join(outside, 'file'), join(root, 'file'))
  for (const path of ['/absolute/file', '/relative/file', '/file', '/proc/etc/passwd']) {
    await fails('path.not-found', () => driver.openRead(keyOf(path), ALICE))
    await fails('path.not-found', () => driver.setAttributes(keyOf(path), ALICE, { mode: 0o600 }, true))
  }
  await fails('path.not-found', () => openWrite(driver, '/relative/new'))
  assert.deepEqual(readdirSync(outside), ['file'])
})

test('symlinks: refuse follows none and makes none, but shows them', async () => {
  const { driver, root, close } = await createLocalUnderTest({ symlinks: 'refuse' })
  after(close)
  await put(driver, '/file', 'x')
  symlinkSync('file', join(root, 'link'))
  await fails('access.denied', () => driver.openRead(keyOf('/link'), ALICE))
  await fails('access.denied', () => driver.symbolicLink('file', keyOf('/new')))
  assert.equal((await driver.stat(keyOf('/link'), ALICE, false)).kind, 'symlink')
  await driver.remove(keyOf('/link'), ALICE)
})

test('a directory that others remove and make again is found at once', async () => {
  const { driver, root, close } = await createLocalUnderTest()
  after(close)
  mkdirSync(join(root, 'd'))
  await put(driver, '/d/file', 'old')
  rmSync(join(root, 'd'), { recursive: true })
  mkdirSync(join(root, 'd'))
  writeFileSync(join(root, 'd', 'file'), 'new')
  assert.equal(await get(driver, '/d/file'), 'new')
})

test('a directory that others remove and make again is listed as it is now', async () => {
  const { driver, root, close } = await createLocalUnderTest()
  after(close)
  const directory = join(root, 'd')
  for (const file of ['first', 'second']) {
    mkdirSync(directory)
    writeFileSync(join(directory, file), 'x')
    assert.deepEqual(await names(driver, '/d'), [file])
    rmSync(directory, { recursive: true })
  }
  await fails('path.not-found', () => names(driver, '/d'))
})

test('a whole tree that others remove and make again is found at once', async () => {
  const { driver, root, close } = await createLocalUnderTest()
  after(close)
  for (const content of ['first', 'second', 'third']) {
    mkdirSync(join(root, 'a', 'b', 'c'), { recursive: true })
    await put(driver, '/a/b/c/file', content)
    assert.equal(await get(driver, '/a/b/c/file'), content)
    rmSync(join(root, 'a'), { recursive: true })
  }
  await driver.mkdir(keyOf('/a'))
  await put(driver, '/a/file', 'last')
  assert.equal(await get(driver, '/a/file'), 'last')
  await fails('path.not-found', () => get(driver, '/a/b/c/file'))
})

test('links that go to and fro end, before everybody has to wait for them', async () => {
  const { driver, root, close } = await createLocalUnderTest()
  after(close)
  mkdirSync(join(root, 'a'))
  const links = (name: string, count: number, length: number) => {
    for (let index = 0; index < count; index += 1) {
      const target = index === count - 1 ? 'a' : `${name}${index + 1}`
      symlinkSync(`${'a/../'.repeat(length)}${target}`, join(root, `${name}${index}`))
    }
  }
  links('long', 40, 680)
  links('usual', 10, 40)
  await fails('path.not-found', () => driver.stat(keyOf('/long0'), ALICE, true))
  assert.equal((await driver.stat(keyOf('/usual0'), ALICE, true)).kind, 'directory')
})

test('deep trees and far more directories than are kept open', async () => {
  const { driver, root, close } = await createLocalUnderTest()
  after(close)
  const handles = () => readdirSync('/proc/self/fd').length
  let deep = ''
  for (let level = 0; level < 200; level += 1) {
    deep += '/d'
    await driver.mkdir(keyOf(deep))
  }
  await put(driver, `${deep}/file`, 'deep')
  assert.equal(await get(driver, `${deep}/file`), 'deep')
  for (let index = 0; index < 1200; index += 1) {
    mkdirSync(join(root, `wide${index}`))
    writeFileSync(join(root, `wide${index}`, 'f'), 'x')
    await driver.stat(keyOf(`/wide${index}/f`), ALICE, true)
  }
  assert.ok(handles() < 1150, `${handles()} handles`)
  assert.deepEqual((await driver.usage()).files, 1201)
  await driver.close()
  assert.ok(handles() < 60, `${handles()} handles after close`)
})

test('bytes for a name of 255 bytes in several alphabets', async () => {
  const { driver, close } = await createLocalUnderTest()
  after(close)
  for (const name of [
    'ä'.repeat(127),
    '文'.repeat(85),
    ' lead',
    'trail ',
    '-rf',
    '*?[',
    'a\nb',
    '"q"',
    '\\',
  ]) {
    const upload = await openWrite(driver, `/${name}`)
    await upload.write(bytes(name), 0)
    await upload.commit()
    assert.equal(await get(driver, `/${name}`), name)
  }
  assert.equal((await names(driver, '/')).length, 9)
})
