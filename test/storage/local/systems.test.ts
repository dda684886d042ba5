import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  constants,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { errnoOf } from '../../../src/storage/local/errno.ts'
import { OPEN_DIRECTORY, OPEN_SAFELY } from '../../../src/storage/local/proc.ts'
import type { LocalSystem } from '../../../src/storage/local/system.ts'
import { allSystems, scanAll } from '../../helpers/systems.ts'

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = constants

function folderOf(t: TestContext): { folder: string; fd: number } {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-system-'))
  const fd = openSync(folder, OPEN_DIRECTORY)
  t.after(() => {
    closeSync(fd)
    rmSync(folder, { recursive: true, force: true })
  })
  return { folder, fd }
}

/** What all ways agree on. */
async function agreed(fd: number) {
  const [first, ...others] = Object.entries(allSystems())
  assert.ok(first)
  const expected = await scanAll(first[1], fd)
  for (const [name, system] of others) {
    const { entries, reserved } = await scanAll(system, fd)
    assert.deepEqual({ entries, reserved }, { entries: expected.entries, reserved: expected.reserved }, name)
  }
  for (const entry of expected.entries) {
    for (const [name, system] of Object.entries(allSystems()))
      assert.deepEqual(system.lstat(fd, entry.name), entry, name)
  }
  return expected
}

const nameBytes = fc
  .uint8Array({ minLength: 1, maxLength: 255 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x5f : byte))))
const nameText = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 60 })
  .map((text) => Buffer.from(text.replaceAll(/[\0/]/g, '_')))
const names = fc.array(fc.oneof(nameBytes, nameText), { maxLength: 30 })

test('all ways list the same entries, whatever bytes the names are', async (t) => {
  const { folder, fd } = folderOf(t)
  await fc.assert(
    fc.asyncProperty(names, async (all) => {
      const inner = join(folder, 'd')
      mkdirSync(inner)
      const plain = all.filter((name) => !['.', '..'].includes(name.toString('latin1')))
      for (const name of plain) writeFileSync(Buffer.concat([Buffer.from(`${inner}/`), name]), 'x')
      const directory = openSync(inner, OPEN_DIRECTORY)
      try {
        const { entries } = await agreed(directory)
        const listed = new Set(entries.map(({ name }) => name))
        for (const name of plain) {
          const text = name.toString('utf8')
          const shown = Buffer.from(text).equals(name) && !text.startsWith('.sp~')
          if (shown) assert.ok(listed.has(text), JSON.stringify(text))
          else if (!text.includes('\uFFFD')) assert.ok(!listed.has(text))
        }
      } finally {
        closeSync(directory)
        rmSync(inner, { recursive: true })
      }
    }),
    { numRuns: 60 },
  )
  assert.deepEqual((await agreed(fd)).entries, [])
})

test('all ways say the same of links, FIFOs, sockets, huge files, and times far off', async (t) => {
  const { folder, fd } = folderOf(t)
  const at = (name: string) => join(folder, name)
  writeFileSync(at('plain'), 'content', { mode: 0o640 })
  linkSync(at('plain'), at('second name'))
  symlinkSync('plain', at('link'))
  symlinkSync('nowhere', at('dangling'))
  mkdirSync(at('directory'))
  spawnSync('mkfifo', [at('fifo')])
  // Half a millisecond but for less than what a double tells apart.
  spawnSync('touch', ['-d', '@1795000000.123499999', at('nearly-half')])
  const server = createServer().listen(at('socket'))
  await once(server, 'listening')
  t.after(() => server.close())
  writeFileSync(at('huge'), '')
  truncateSync(at('huge'), 2 ** 42 + 1)
  writeFileSync(at('.sp~0123456789~partial'), 'reserved')
  for (const [name, seconds] of Object.entries({
    y1969: -1.5,
    y1970: 0,
    y2038: 2 ** 31,
    y2106: 2 ** 32 + 0.001,
  })) {
    writeFileSync(at(name), '')
    const time = new Date(seconds * 1000)
    utimesSync(at(name), time, time)
  }
  const { entries, reserved } = await agreed(fd)
  assert.deepEqual(reserved, ['.sp~0123456789~partial'])
  const kinds = Object.fromEntries(entries.map(({ name, kind }) => [name, kind]))
  assert.equal(kinds.link, 'symlink')
  assert.equal(kinds.dangling, 'symlink')
  assert.equal(kinds.directory, 'directory')
  assert.equal(kinds.fifo, 'other')
  assert.equal(kinds.socket, 'other')
  const find = (wanted: string) => entries.find(({ name }) => name === wanted)
  assert.equal(find('huge')?.size, 2 ** 42 + 1)
  assert.equal(find('plain')?.links, 2)
  assert.equal(find('plain')?.mode, 0o640)
  assert.equal(find('y1969')?.mtimeMs, -1500)
  assert.equal(find('y2106')?.mtimeMs, 2 ** 32 * 1000 + 1)
})

test('a big directory comes in batches, all of it once, on slow disks as well', async (t) => {
  const { folder, fd } = folderOf(t)
  const COUNT = 6000
  for (let index = 0; index < COUNT; index += 1) writeFileSync(join(folder, `file-${index}`), '')
  for (const [name, system] of Object.entries(allSystems())) {
    const { entries, batches } = await scanAll(system, fd)
    assert.equal(new Set(entries.map((entry) => entry.name)).size, COUNT, name)
    assert.equal(entries.length, COUNT, name)
    assert.ok(batches > 2, `${name}: ${batches} batches`)
  }
})

test('a directory that is removed while it is scanned ends', async (t) => {
  const { folder } = folderOf(t)
  for (const [name, system] of Object.entries(allSystems())) {
    const inner = join(folder, 'inner')
    mkdirSync(inner)
    const directory = openSync(inner, OPEN_DIRECTORY)
    const scan = system.scan(directory, () => {})
    rmSync(inner, { recursive: true })
    assert.deepEqual(await scan.next(), [], name)
    scan.close()
    closeSync(directory)
  }
})

type Attempt = readonly [what: string, work: (system: LocalSystem, fd: number) => unknown]

const FAILING: readonly Attempt[] = [
  ['no such file', (system, fd) => system.open(fd, 'nothing', O_RDONLY)],
  ['a name that is taken', (system, fd) => system.open(fd, 'file', O_RDWR | O_CREAT | O_EXCL, 0o600)],
  ['a link', (system, fd) => system.open(fd, 'link', O_RDONLY | OPEN_SAFELY)],
  ['a directory for writing', (system, fd) => system.open(fd, 'directory', O_RDWR)],
  ['removing nothing', (system, fd) => system.unlink(fd, 'nothing')],
  ['removing a directory', (system, fd) => system.unlink(fd, 'directory')],
  ['renaming nothing', (system, fd) => system.rename(fd, 'nothing', fd, 'file')],
  ['renaming onto a directory', (system, fd) => system.rename(fd, 'file', fd, 'directory')],
  ['a name that is too long', (system, fd) => system.lstat(fd, 'x'.repeat(256))],
  ['a descriptor that is closed', (system) => system.fstat(2 ** 20, 'x')],
]

test('all ways fail in the same words', (t) => {
  const { folder, fd } = folderOf(t)
  writeFileSync(join(folder, 'file'), '')
  symlinkSync('file', join(folder, 'link'))
  mkdirSync(join(folder, 'directory'))
  for (const [what, work] of FAILING) {
    const errors = Object.values(allSystems()).map((system) => {
      try {
        work(system, fd)
        return 'none'
      } catch (error) {
        return errnoOf(error)
      }
    })
    assert.equal(new Set(errors).size, 1, `${what}: ${errors.join(', ')}`)
    assert.match(errors[0] ?? '', /^E[A-Z]+$/, what)
  }
})

test('all ways open, describe, rename and remove', (t) => {
  const { folder, fd } = folderOf(t)
  for (const [name, system] of Object.entries(allSystems())) {
    const file = system.open(fd, 'made', O_RDWR | O_CREAT | O_EXCL, 0o600)
    writeFileSync(file, name)
    const entry = system.fstat(file, 'shown')
    assert.equal(entry.name, 'shown', name)
    assert.equal(entry.mode, 0o600, name)
    assert.deepEqual({ ...system.lstat(fd, 'made') }, { ...entry, name: 'made' }, name)
    // Descriptors must not reach the programs that hooks run.
    const flags = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${file}`, 'utf8'))?.[1]
    assert.ok(Number.parseInt(flags ?? '0', 8) & 0o2000000, `${name}: close on exec`)
    closeSync(file)
    system.rename(fd, 'made', fd, 'moved')
    assert.equal(readFileSync(join(folder, 'moved'), 'utf8'), name)
    system.unlink(fd, 'moved')
    assert.equal(system.lstat(fd, 'moved'), undefined, name)
  }
})

test('a name is given only while it is free, in one step or not at all', (t) => {
  for (const [name, system] of Object.entries(allSystems())) {
    const { folder, fd } = folderOf(t)
    const at = (file: string) => join(folder, file)
    writeFileSync(at('a'), 'a')
    writeFileSync(at('b'), 'b')
    mkdirSync(at('d'))
    const done = system.renameNew(fd, 'a', fd, 'free')
    assert.equal(readFileSync(at(done ? 'free' : 'a'), 'latin1'), 'a', name)
    if (!done) continue
    for (const taken of ['free', 'd'])
      assert.throws(
        () => system.renameNew(fd, 'b', fd, taken),
        (error) => errnoOf(error) === 'EEXIST',
        name,
      )
    assert.throws(
      () => system.renameNew(fd, 'gone', fd, 'x'),
      (error) => errnoOf(error) === 'ENOENT',
      name,
    )
    assert.equal(readFileSync(at('free'), 'latin1'), 'a', name)
    assert.equal(readFileSync(at('b'), 'latin1'), 'b', name)
  }
})
