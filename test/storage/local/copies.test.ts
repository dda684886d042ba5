// Edits of files on a file system that cannot share blocks. The originals here are longer than any copy could be made
// within a test, so that what ends, ends for another reason.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createLocalStorage } from '../../../src/storage/local.ts'
import { openDescriptors } from '../../helpers/descriptors.ts'
import { settle } from '../../helpers/fake-clock.ts'
import { createLocalUnderTest, LOCAL_DEFAULTS } from '../../helpers/local-storage.ts'
import {
  ALICE,
  BOB,
  bytes,
  entries,
  fails,
  get,
  openWrite,
  put,
  putPartial,
} from '../../helpers/storage-files.ts'
import { keyOf } from '../../helpers/storage-key.ts'
import { at, createTestSession, mount } from '../../helpers/vfs.ts'

const ENDLESS = 2 ** 42
const CURRENT = { start: 'current' } as const

const { driver, storage, root, close } = await createLocalUnderTest()
after(close)

function makeEndless(name: string): void {
  closeSync(openSync(join(root, name), 'w'))
  truncateSync(join(root, name), ENDLESS)
}

const partials = (folder = root) => readdirSync(folder).filter((name) => name.startsWith('.sp~'))

/** An edit that is being copied for, once its partial is there. */
async function copying(path: string, owner = ALICE) {
  const controller = new AbortController()
  const before = partials().length
  const opening = openWrite(driver, path, owner, { ...CURRENT, patience: { signal: controller.signal } })
  opening.catch(() => {})
  while (partials().length === before) await settle()
  return {
    opening,
    giveUp: async () => {
      controller.abort()
      await fails('transfer.aborted', () => opening)
    },
  }
}

test('a copy ends when nobody waits for it any more, and leaves nothing', async () => {
  makeEndless('left')
  await driver.stat(keyOf('/left'), ALICE, true)
  const before = openDescriptors()
  const { giveUp } = await copying('/left')
  await giveUp()
  assert.deepEqual(partials(), [])
  assert.equal(openDescriptors(), before)
})

test('what a crash leaves of a copy is not gone on from', async () => {
  makeEndless('crashed')
  const { giveUp } = await copying('/crashed')
  // Another process knows nothing of what this one does.
  const after = createLocalStorage(LOCAL_DEFAULTS)
  const restarted = await after.open(root)
  assert.equal((await restarted.stat(keyOf('/crashed'), ALICE, true)).size, ENDLESS)
  await (await restarted.openRead(keyOf('/crashed'), ALICE)).close()
  assert.deepEqual(
    (await entries(restarted, '/')).filter(({ name }) => name === 'crashed').map(({ size }) => size),
    [ENDLESS],
  )
  await giveUp()
  const digest = (text: string, digits: number) =>
    createHash('sha256').update(text).digest('hex').slice(0, digits)
  const draft = `.sp~${digest('alice', 10)}!${digest('crashed', 32)}`
  writeFileSync(join(root, draft), 'half of it')
  const edit = await openWrite(restarted, '/crashed', ALICE, { ...CURRENT, upTo: 3 })
  assert.equal(edit.size, 3)
  assert.deepEqual(edit.inherited, { bytes: 10, files: 1 })
  await edit.discard()
  assert.deepEqual(partials(), [])
  await after.close()
})

test('one that waits for its turn leaves at once, and who comes next has its turn', async () => {
  for (const name of ['one', 'two', 'three']) makeEndless(name)
  writeFileSync(join(root, 'other'), Buffer.alloc(3 * 1024 * 1024, 'x'))
  const running = [await copying('/one'), await copying('/two')]
  const waiting = await copying('/three')
  await waiting.giveUp()
  assert.equal(partials().length, 2)
  const other = await openWrite(driver, '/other', BOB, CURRENT)
  assert.equal(other.size, 3 * 1024 * 1024)
  await other.discard()
  for (const { giveUp } of running) await giveUp()
  assert.deepEqual(partials(), [])
})

test('who waits for a name that is being copied leaves alone, and the next goes on with the copy’s end', async () => {
  makeEndless('same')
  const first = await copying('/same')
  const controller = new AbortController()
  const second = openWrite(driver, '/same', ALICE, { ...CURRENT, patience: { signal: controller.signal } })
  let opened = false
  const third = openWrite(driver, '/same', ALICE, { ...CURRENT, upTo: 5 }).then((upload) => {
    opened = true
    return upload
  })
  controller.abort()
  await fails('transfer.aborted', () => second)
  for (let turn = 0; turn < 5; turn += 1) await settle()
  assert.equal(opened, false, 'the first is still copying')
  await first.giveUp()
  const upload = await third
  assert.equal(upload.size, 5)
  await upload.discard()
})

test('no more is copied than is wanted', async () => {
  makeEndless('wanted')
  const upload = await openWrite(driver, '/wanted', ALICE, { ...CURRENT, upTo: 7 })
  assert.equal(upload.size, 7)
  assert.equal((await upload.stat()).size, 7)
  await upload.write(bytes('end'), 7)
  await upload.commit()
  assert.equal(await get(driver, '/wanted'), '\0\0\0\0\0\0\0end')
})

test('what is being copied is no partial yet: it is neither seen nor removed, and keeps its directory', async () => {
  mkdirSync(join(root, 'd'))
  makeEndless('d/file')
  const controller = new AbortController()
  const opening = openWrite(driver, '/d/file', ALICE, { ...CURRENT, patience: { signal: controller.signal } })
  opening.catch(() => {})
  while (partials(join(root, 'd')).length === 0) await settle()
  assert.equal((await driver.stat(keyOf('/d/file'), ALICE, true)).size, ENDLESS)
  await (await driver.openRead(keyOf('/d/file'), ALICE)).close()
  assert.deepEqual(await driver.remove(keyOf('/d/file'), ALICE), { bytes: ENDLESS, files: 1 })
  await fails('path.not-empty', () => driver.rmdir(keyOf('/d'), ALICE))
  controller.abort()
  await fails('transfer.aborted', () => opening)
  await driver.rmdir(keyOf('/d'), ALICE)
})

test('space for a copy is asked for before it is made', async () => {
  await put(driver, '/asked', '0123456789')
  await putPartial(driver, '/partial', 'part')
  const asked: number[] = []
  const reserve = async (wanted: number) => void asked.push(wanted)
  for (const upTo of [undefined, 4, 40])
    await (await openWrite(driver, '/asked', ALICE, { ...CURRENT, upTo, reserve })).discard()
  for (const path of ['/new', '/partial'])
    await (await openWrite(driver, path, ALICE, { ...CURRENT, reserve })).discard()
  assert.deepEqual(asked, [10, 4, 10])
  const refuse = () => Promise.reject(new Error('no room'))
  await assert.rejects(openWrite(driver, '/asked', ALICE, { ...CURRENT, reserve: refuse }))
  assert.deepEqual(partials(), [])
})

test('a copy is on the account before it is made, and off it when it is given up', async () => {
  const home = join(root, 'limited')
  mkdirSync(home)
  const MIB = 1024 * 1024
  writeFileSync(join(home, 'file'), Buffer.alloc(3 * MIB, 'x'))
  const limits = { quotaBytes: 5 * MIB, quotaFiles: 0 }
  const { files, state } = createTestSession({ limits, storage, mounts: [mount('/', home)] })
  const edit = { start: 'current', create: false, exclusive: false } as const
  await fails('quota.exceeded', async () => files.openWrite(at('/file'), edit))
  assert.deepEqual(state.usage, { bytes: 3 * MIB, files: 1 })
  const resumed = await files.openWrite(at('/file'), { ...edit, upTo: 2 * MIB })
  assert.equal(state.usage?.bytes, 5 * MIB)
  await resumed.commit()
  assert.deepEqual(state.usage, { bytes: 2 * MIB, files: 1 })
  const controller = new AbortController()
  const opening = files.openWrite(at('/file'), edit, { signal: controller.signal })
  controller.abort()
  await fails('transfer.aborted', async () => opening)
  assert.deepEqual(state.usage, { bytes: 2 * MIB, files: 1 })
  assert.deepEqual(partials(home), [])
})
