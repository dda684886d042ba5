import assert from 'node:assert/strict'
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { OPEN_DIRECTORY } from '../../src/storage/local/proc.ts'
import type { LocalSystem } from '../../src/storage/local/system.ts'
import { usageBelow } from '../../src/storage/local/usage.ts'
import { quotaSuite } from '../conformance/quota.ts'
import { storageDriverSuite } from '../conformance/storage-driver.ts'
import { openDescriptors } from '../helpers/descriptors.ts'
import { createLocalUnderTest } from '../helpers/local-storage.ts'
import { native } from '../helpers/native.ts'
import { caseless, withoutRenameNew } from '../helpers/native-doubles.ts'
import { ALICE, put } from '../helpers/storage-files.ts'
import { keyOf } from '../helpers/storage-key.ts'
import { allSystems } from '../helpers/systems.ts'

storageDriverSuite('local, without the addon', () => createLocalUnderTest({ native: undefined }))
if (native !== undefined) {
  const plain = withoutRenameNew(native)
  storageDriverSuite('local, with the addon', () => createLocalUnderTest())
  storageDriverSuite('local, on a plain file system', () => createLocalUnderTest({ native: plain }))
}

quotaSuite(
  'local driver',
  async () => {
    const { storage, root, close } = await createLocalUnderTest()
    after(close)
    return { open: (location) => storage.open(join(root, location)) }
  },
  60,
)

test('between names that differ in case alone a rename works where the file system sees no difference', async (t) => {
  if (native === undefined) return t.skip('the addon in native/ is not built')
  const { driver, root, close } = await createLocalUnderTest({ native: caseless(native) })
  after(close)
  for (const replace of [true, false]) {
    mkdirSync(join(root, 'folder'))
    writeFileSync(join(root, 'file'), 'x')
    for (const [from, to] of [
      ['/file', '/File'],
      ['/folder', '/FOLDER'],
    ] as const)
      await driver.rename(keyOf(from), keyOf(to), { owner: ALICE, replace })
    assert.deepEqual(readdirSync(root).sort(), ['FOLDER', 'File'])
    rmSync(join(root, 'File'))
    rmdirSync(join(root, 'FOLDER'))
  }
})

test('a tree deeper than any path does not use up the descriptors when it is counted', async () => {
  const { driver, root, close } = await createLocalUnderTest()
  after(close)
  const DEPTH = 1500
  mkdirSync(join(root, 'd/'.repeat(DEPTH)), { recursive: true })
  writeFileSync(join(root, 'd/'.repeat(255), 'file'), 'content')
  const before = openDescriptors()
  let most = 0
  let counting = true
  const look = () => {
    most = Math.max(most, openDescriptors() - before)
    if (counting) setImmediate(look)
  }
  setImmediate(look)
  assert.deepEqual(await driver.usage(), { bytes: 7, files: 1 })
  counting = false
  assert.ok(most > 0 && most < DEPTH, `${most} descriptors`)
})

test('what the server may not read is no part of the count', async () => {
  const { driver, root, close } = await createLocalUnderTest()
  after(close)
  mkdirSync(join(root, 'lost+found'))
  writeFileSync(join(root, 'lost+found', 'inner'), 'x')
  await put(driver, '/file', '1234')
  const locked = statSync(join(root, 'lost+found')).ino
  for (const system of Object.values(allSystems())) {
    const strict: LocalSystem = {
      ...system,
      scan: (directory, reserved) => {
        if (fstatSync(directory).ino === locked) throw Object.assign(new Error('EACCES'), { code: 'EACCES' })
        return system.scan(directory, reserved)
      },
    }
    const fd = openSync(root, OPEN_DIRECTORY)
    assert.deepEqual(await usageBelow(fd, strict), { bytes: 4, files: 1 })
    closeSync(fd)
  }
})
