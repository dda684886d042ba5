// Runs with few descriptors: tries each operation with none left, one left and so on, and prints what went wrong.
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { errorCodeOf } from '../../../src/core/errors.ts'
import type { StagedFile, StorageDriver, WriteOptions } from '../../../src/core/vfs/storage.ts'
import { openDescriptors } from '../../helpers/descriptors.ts'
import { settle } from '../../helpers/fake-clock.ts'
import { createLocalUnderTest, LOCAL_DEFAULTS } from '../../helpers/local-storage.ts'
import { ALICE, bytes, get, names, openWrite } from '../../helpers/storage-files.ts'
import { keyOf } from '../../helpers/storage-key.ts'

const MOST_LEFT = 8
const wrong: string[] = []

type Operation = (driver: StorageDriver) => unknown

async function written(driver: StorageDriver, path: string, options: Partial<WriteOptions>): Promise<void> {
  const upload: StagedFile = await openWrite(driver, path, ALICE, options)
  try {
    await upload.write(bytes('written'), 0)
    await upload.commit()
  } catch (error) {
    await upload.discard()
    throw error
  }
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  stat: (driver) => driver.stat(keyOf('/d/e/file'), ALICE, true),
  read: (driver) => get(driver, '/d/e/file'),
  list: (driver) => names(driver, '/d/e'),
  'make a file': (driver) => written(driver, '/d/e/made', {}),
  'make a file, exclusively': (driver) => written(driver, '/d/e/made', { exclusive: true }),
  'replace a file': (driver) => written(driver, '/d/e/file', {}),
  'edit a file': (driver) => written(driver, '/d/e/file', { start: 'current' }),
  mkdir: (driver) => driver.mkdir(keyOf('/d/made')),
  rmdir: (driver) => driver.rmdir(keyOf('/d/empty'), ALICE),
  remove: (driver) => driver.remove(keyOf('/d/e/file'), ALICE),
  rename: (driver) => driver.rename(keyOf('/d/e/file'), keyOf('/d/made'), { owner: ALICE, replace: false }),
  'change attributes': (driver) =>
    driver.setAttributes(keyOf('/d/e/file'), ALICE, { size: 9, mode: 0o600, mtimeMs: 1000 }, true),
  'hard link': (driver) => driver.hardLink(keyOf('/d/e/file'), keyOf('/d/made')),
  'symbolic link': (driver) => driver.symbolicLink('e/file', keyOf('/d/made')),
  'read a link': (driver) => driver.readLink(keyOf('/d/link')),
  'statistics of the file system': (driver) => driver.filesystemStats(keyOf('/d/e')),
  usage: (driver) => driver.usage(),
}

function prepare(root: string): void {
  rmSync(join(root, 'd'), { recursive: true, force: true })
  mkdirSync(join(root, 'd', 'e'), { recursive: true })
  mkdirSync(join(root, 'd', 'empty'))
  writeFileSync(join(root, 'd', 'e', 'file'), 'content')
  symlinkSync('e/file', join(root, 'd', 'link'))
}

/** Holds all descriptors but so many. */
function holdBut(left: number): number[] {
  const held: number[] = []
  try {
    for (;;) held.push(openSync('/dev/null', 'r'))
  } catch {
    for (const fd of held.splice(held.length - left)) closeSync(fd)
  }
  return held
}

async function attempt(driver: StorageDriver, operation: Operation, left: number): Promise<string> {
  const held = holdBut(left)
  try {
    await operation(driver)
    return 'done'
  } catch (error) {
    return errorCodeOf(error)
  } finally {
    for (const fd of held) closeSync(fd)
  }
}

const ways = [LOCAL_DEFAULTS.native, undefined].flatMap((native) =>
  [true, false].map((inPlaceWrites) => ({ native, inPlaceWrites, syncOnCommit: true })),
)
let done = 0
for (const way of ways) {
  const { driver, root, close } = await createLocalUnderTest(way)
  for (const [what, operation] of Object.entries(OPERATIONS)) {
    for (let left = 0; left < MOST_LEFT; left += 1) {
      prepare(root)
      await driver.close()
      const before = openDescriptors()
      const outcome = await attempt(driver, operation, left)
      await settle()
      await driver.close()
      const complain = (why: string) => wrong.push(`${what} with ${left} left, ${outcome}: ${why}`)
      if (outcome === 'done') done += 1
      else if (outcome !== 'storage.busy') complain('not busy')
      if (openDescriptors() !== before) complain(`${openDescriptors() - before} stay open`)
      if (
        outcome !== 'done' &&
        (existsSync(join(root, 'd', 'made')) || existsSync(join(root, 'd', 'e', 'made')))
      )
        complain('done all the same')
      if (readdirSync(join(root, 'd', 'e')).some((name) => name.startsWith('.sp~')))
        complain('leaves a partial')
    }
  }
  await close()
}
process.stdout.write(JSON.stringify({ wrong, done }))
