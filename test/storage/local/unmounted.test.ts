// A disk with users' folders that is gone leaves an empty folder on another disk: nobody's files belong there.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createLocalStorage } from '../../../src/storage/local.ts'
import { LOCAL_DEFAULTS, realClock } from '../../helpers/local-storage.ts'
import { fails, names, put } from '../../helpers/storage-files.ts'

/** Directory handles are kept for a second. */
const LATER_MS = 2000

const base = mkdtempSync(join(tmpdir(), 'sallyport-unmounted-'))
const disk = join(base, 'disk')
const run = (...command: readonly string[]) => spawnSync(command[0] ?? '', command.slice(1)).status === 0
const mount = () => run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk)
/** As a disk goes: what is open does not keep it. */
const unmount = () => run('umount', '-l', disk)

let passed = 0
const clock = { ...realClock, monotonic: () => performance.now() + passed }
const storage = createLocalStorage({ ...LOCAL_DEFAULTS, clock })
after(async () => {
  await storage.close()
  unmount()
  rmSync(base, { recursive: true })
})

test('folders are made anew on their own disk alone', async (t) => {
  mkdirSync(disk)
  if (!mount()) return t.skip('a tmpfs cannot be mounted here')
  const alice = await storage.open(join(disk, 'alice'))
  await put(alice, '/file', 'x')
  rmSync(join(disk, 'alice'), { recursive: true })
  passed += LATER_MS
  await put(alice, '/again', 'x')

  assert.ok(unmount())
  passed += LATER_MS
  await fails('storage.failed', () => put(alice, '/lost', 'x'))
  await fails('storage.failed', () => storage.open(join(disk, 'bob')))
  assert.deepEqual(readdirSync(disk), [])

  // It comes back, or another in its place.
  assert.ok(mount())
  mkdirSync(join(disk, 'alice'))
  await put(alice, '/file', 'x')
  assert.deepEqual(await names(alice, '/'), ['file'])
  await put(await storage.open(join(disk, 'bob')), '/file', 'x')
})

test('a disk that came back with another number takes new folders when those of before are on it', async (t) => {
  const homes = join(base, 'homes')
  const other = join(base, 'other')
  for (const folder of [homes, other]) mkdirSync(folder)
  if (!run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', other)) {
    return t.skip('a tmpfs cannot be mounted here')
  }
  t.after(() => run('umount', '-l', other))
  await storage.open(join(homes, 'alice'))
  passed += LATER_MS

  assert.ok(run('mount', '--bind', other, homes))
  t.after(() => run('umount', '-l', homes))
  await fails('storage.failed', () => storage.open(join(homes, 'bob')))
  mkdirSync(join(homes, 'alice'))
  await put(await storage.open(join(homes, 'bob')), '/file', 'x')
  assert.deepEqual(readdirSync(other).sort(), ['alice', 'bob'])
})
