// A file system inside the tree whose server has died, as FUSE and NFS leave them.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { loadNative } from '../../../src/native/load.ts'
import { createLocalStorage } from '../../../src/storage/local.ts'
import { mountDead, unmountDead } from '../../helpers/dead-mount.ts'
import { openDescriptors } from '../../helpers/descriptors.ts'
import { createLocalUnderTest, LOCAL_DEFAULTS, realClock } from '../../helpers/local-storage.ts'
import { ALICE, fails, names } from '../../helpers/storage-files.ts'
import { keyOf } from '../../helpers/storage-key.ts'
import { hastyClock } from '../../helpers/systems.ts'

const { driver, root, close } = await createLocalUnderTest()
const pure = createLocalStorage({ ...LOCAL_DEFAULTS, native: undefined })
const slow = createLocalStorage({ ...LOCAL_DEFAULTS, clock: { ...realClock, ...hastyClock } })
const drivers = { native: driver, pure: await pure.open(root), slow: await slow.open(root) }
const dead = join(root, 'dead')
let mounted = false

before(() => {
  mkdirSync(dead)
  for (let index = 0; index < 300; index += 1) writeFileSync(join(root, `file-${index}`), 'x')
  mounted = mountDead(dead)
})
after(async () => {
  if (mounted) unmountDead(dead)
  await pure.close()
  await slow.close()
  await close()
})

test('what stands beside it is listed and counted', async (t) => {
  if (!mounted) return t.skip('no such file system can be mounted here')
  assert.ok(loadNative() !== undefined || process.env.CI === undefined)
  for (const [way, each] of Object.entries(drivers)) {
    assert.equal((await names(each, '/')).length, 300, way)
    assert.deepEqual(await each.usage(), { bytes: 300, files: 300 }, way)
    await fails('storage.failed', () => each.stat(keyOf('/dead'), ALICE, true))
  }
})

test('asking for what is in it keeps nothing open', async (t) => {
  if (!mounted) return t.skip('no such file system can be mounted here')
  await fails('storage.failed', () => driver.stat(keyOf('/dead/file'), ALICE, true))
  const before = openDescriptors()
  for (let time = 0; time < 5; time += 1) {
    await fails('storage.failed', () => driver.stat(keyOf('/dead/file'), ALICE, true))
    await fails('storage.failed', () => driver.openRead(keyOf('/dead/file'), ALICE))
    await fails('storage.failed', () => names(driver, '/dead'))
  }
  assert.equal(openDescriptors(), before)
})
