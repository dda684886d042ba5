// What the system gives back of a large file takes it milliseconds: that must happen in the thread pool. Whether something
// is on its way there can be told without measuring time.
import assert from 'node:assert/strict'
import { closeSync, openSync, readdirSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { LARGE_BYTES } from '../../../src/storage/local/letting-go.ts'
import { eventually } from '../../helpers/fixture.ts'
import { createLocalUnderTest } from '../../helpers/local-storage.ts'
import { ALICE, bytes, openWrite } from '../../helpers/storage-files.ts'
import { keyOf } from '../../helpers/storage-key.ts'

const { driver, root, close } = await createLocalUnderTest()
after(close)

/** A file without blocks is as large as any to whoever asks for its size. */
function make(name: string, size: number): void {
  closeSync(openSync(join(root, name), 'w'))
  truncateSync(join(root, name), size)
}

/** Calls that are in the thread pool or have not been heard of since. */
const inPool = (): number =>
  process.getActiveResourcesInfo().filter((name) => name.startsWith('FSReq')).length

/** Descriptors of files below the root that are open but have no name any more. */
const nameless = (): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      const leads = readlinkSync(`/proc/self/fd/${fd}`)
      return leads.startsWith(root) && leads.endsWith(' (deleted)')
    } catch {
      return false
    }
  }).length

const quiet = () => eventually(async () => (inPool() === 0 ? true : undefined), 'end of what the pool does')

/** Nothing of it waits for anything but the thread pool, so that what is there was brought by `work`. */
async function poolCallsOf(work: () => unknown): Promise<number> {
  await quiet()
  const done = work()
  const atOnce = inPool()
  await done
  const calls = Math.max(atOnce, inPool())
  await quiet()
  assert.equal(nameless(), 0)
  return calls
}

const WAYS: Readonly<Record<string, (size: number) => Promise<() => unknown>>> = {
  'removing a file': async (size) => {
    make('gone', size)
    return () => driver.remove(keyOf('/gone'), ALICE)
  },
  'renaming over a file': async (size) => {
    make('old', size)
    writeFileSync(join(root, 'new'), 'new')
    return () => driver.rename(keyOf('/new'), keyOf('/old'), { owner: ALICE, replace: true })
  },
  'committing an upload over a file': async (size) => {
    make('old', size)
    const upload = await openWrite(driver, '/old')
    await upload.write(bytes('new'), 0)
    return () => upload.commit()
  },
  'cutting a file': async (size) => {
    make('cut', size)
    return () => driver.setAttributes(keyOf('/cut'), ALICE, { size: 0 }, true)
  },
  'cutting an upload': async (size) => {
    const upload = await openWrite(driver, '/cut-upload')
    after(() => upload.discard())
    await upload.setAttributes({ size })
    return () => upload.setAttributes({ size: 0 })
  },
  'discarding an upload': async (size) => {
    const upload = await openWrite(driver, '/discarded')
    await upload.setAttributes({ size })
    return () => upload.discard()
  },
  'closing what others removed': async (size) => {
    make('read', size)
    const file = await driver.openRead(keyOf('/read'), ALICE)
    await driver.remove(keyOf('/read'), ALICE)
    return () => file.close()
  },
  'starting an upload anew': async (size) => {
    const before = await openWrite(driver, '/anew')
    await before.setAttributes({ size })
    await before.abort()
    return async () => {
      const upload = await openWrite(driver, '/anew')
      after(() => upload.discard())
    }
  },
}

suite('what is large goes in the thread pool, what is small at once', () => {
  for (const [way, prepare] of Object.entries(WAYS)) {
    test(way, async () => {
      assert.equal(await poolCallsOf(await prepare(LARGE_BYTES - 1)), 0)
      assert.equal(await poolCallsOf(await prepare(LARGE_BYTES)), 1)
    })
  }
})

test('a file with another name loses nothing, and goes at once', async () => {
  make('one', LARGE_BYTES)
  await driver.hardLink(keyOf('/one'), keyOf('/two'))
  assert.equal(await poolCallsOf(() => driver.remove(keyOf('/one'), ALICE)), 0)
  assert.equal((await driver.stat(keyOf('/two'), ALICE, true)).size, LARGE_BYTES)
})
