// Thousands of unfinished uploads in one directory: whoever lists or removes it leaves others their turns.
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createLocalUnderTest } from '../../helpers/local-storage.ts'
import { ALICE, bytes, fails, names, openWrite, putPartial } from '../../helpers/storage-files.ts'
import { keyOf } from '../../helpers/storage-key.ts'

const COUNT = 4000
/** So many may be worked on in one turn. */
const AT_ONCE = 100
const HOUR_MS = 3_600_000

const { driver, root, close } = await createLocalUnderTest({ partialRetentionMs: HOUR_MS })
after(close)

/** A directory with partials of ALICE's; `age` in milliseconds. */
async function fill(name: string, age = 0): Promise<void> {
  const folder = join(root, name)
  mkdirSync(folder)
  await putPartial(driver, `/${name}/0`, 'x')
  const prefix = readdirSync(folder)[0]?.slice(0, -1) ?? ''
  const time = new Date(Date.now() - age)
  for (let index = 0; index < COUNT; index += 1) {
    const path = join(folder, `${prefix}${index}`)
    writeFileSync(path, 'x')
    utimesSync(path, time, time)
  }
}

/** Turns that others had during `work`. */
async function turnsOf(work: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let running = true
  const count = () => {
    turns += 1
    if (running) setImmediate(count)
  }
  setImmediate(count)
  await work()
  running = false
  return turns
}

test('a listing shows all of them', async () => {
  await fill('listed')
  let shown: string[] = []
  const turns = await turnsOf(async () => {
    shown = await names(driver, '/listed')
  })
  assert.equal(new Set(shown).size, COUNT)
  assert.ok(turns >= COUNT / AT_ONCE, `${turns} turns`)
})

test('a count for a quota has all of them', async () => {
  const before = await driver.usage()
  await fill('counted')
  let after = before
  const turns = await turnsOf(async () => {
    after = await driver.usage()
  })
  assert.equal(after.files - before.files, COUNT)
  assert.ok(turns >= COUNT / AT_ONCE, `${turns} turns`)
})

test('a listing removes what is too old, but what somebody goes on with meanwhile', async () => {
  await fill('swept', 2 * HOUR_MS)
  const freed: unknown[] = []
  const listing = driver.list(keyOf('/swept'), ALICE, (usage) => freed.push(usage))[Symbol.asyncIterator]()
  const turns = await turnsOf(async () => {
    const ended = listing.next()
    const upload = await openWrite(driver, '/swept/7', ALICE, { start: 'current' })
    await upload.write(bytes('y'), upload.size)
    assert.equal((await ended).done, true)
    await upload.commit()
  })
  assert.deepEqual(readdirSync(join(root, 'swept')), ['7'])
  assert.deepEqual(freed, [{ bytes: COUNT - 1, files: COUNT - 1 }])
  assert.ok(turns >= COUNT / AT_ONCE, `${turns} turns`)
})

test('removing the directory takes them along, and says what went when it then fails', async () => {
  await fill('removed')
  const freed: unknown[] = []
  const swept = (usage: unknown) => void freed.push(usage)
  const turns = await turnsOf(() => driver.rmdir(keyOf('/removed'), ALICE, swept))
  assert.deepEqual(freed, [{ bytes: COUNT, files: COUNT }])
  assert.ok(turns >= COUNT / AT_ONCE, `${turns} turns`)
  await fill('kept')
  const removing = driver.rmdir(keyOf('/kept'), ALICE, swept)
  while (readdirSync(join(root, 'kept')).length === COUNT)
    await new Promise((resolve) => setImmediate(resolve))
  writeFileSync(join(root, 'kept', 'new'), '')
  await fails('path.not-empty', () => removing)
  assert.deepEqual(readdirSync(join(root, 'kept')), ['new'])
  assert.deepEqual(freed[1], { bytes: COUNT, files: COUNT })
})
