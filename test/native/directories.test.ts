import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { READ_NAMES_ROOM, RECORD, RECORD_FIELDS } from '../../src/native/native.ts'
import { native, needsNative } from '../helpers/native.ts'

const { EINVAL, ENAMETOOLONG, EBADF } = constants.errno

test('a name is one plain name: nothing leads out of the directory', needsNative, (t) => {
  assert.ok(native)
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-native-'))
  const fd = openSync(folder, 'r')
  t.after(() => {
    closeSync(fd)
    rmSync(folder, { recursive: true })
  })
  writeFileSync(join(folder, 'file'), '')
  const record = new Float64Array(RECORD_FIELDS)
  for (const name of ['', '..', '../file', '/', '/etc/passwd', 'a/b', './file', 'file\0', 'file/']) {
    assert.equal(native.lstatAt(fd, name, record), -EINVAL, name)
    assert.equal(native.openAt(fd, name, 0, 0), -EINVAL, name)
    assert.equal(native.unlinkAt(fd, name), -EINVAL, name)
    assert.equal(native.renameAt(fd, 'file', fd, name), -EINVAL, name)
    assert.equal(native.renameAt(fd, name, fd, 'other'), -EINVAL, name)
    assert.equal(native.renameNewAt(fd, 'file', fd, name), -EINVAL, name)
    assert.equal(native.renameNewAt(fd, name, fd, 'other'), -EINVAL, name)
  }
  assert.equal(native.lstatAt(fd, 'ä'.repeat(128), record), -ENAMETOOLONG)
  // A name of which the last character does not fit is no other one without it.
  writeFileSync(join(folder, 'a'.repeat(255)), '')
  for (const last of ['a', 'é', '€', '😀'])
    assert.equal(native.lstatAt(fd, `${'a'.repeat(255)}${last}`, record), -ENAMETOOLONG, last)
  assert.equal(native.lstatAt(fd, 'file', record), 0)
  assert.equal(record[RECORD.links], 1)
})

test('records and names go nowhere but into the memory that was given', needsNative, (t) => {
  assert.ok(native)
  const fd = openSync(tmpdir(), 'r')
  t.after(() => closeSync(fd))
  const record = new Float64Array(RECORD_FIELDS)
  assert.equal(native.lstatAt(fd, '.', new Float64Array(RECORD_FIELDS - 1)), -EINVAL)
  assert.equal(native.fstatInto(fd, new Float64Array(0)), -EINVAL)
  assert.equal(native.fstatInto(-1, record), -EBADF)
  assert.equal(native.readNames(fd, Buffer.alloc(READ_NAMES_ROOM - 1)), -EINVAL)
  assert.equal(native.readNames(-1, Buffer.alloc(READ_NAMES_ROOM)), -EBADF)
  // Names without their end would be read past the memory.
  assert.equal(native.lstatNames(fd, Buffer.from('name'), 0, record, 1000), -EINVAL)
  assert.equal(native.lstatNames(fd, Buffer.from('.\0'), 0, new Float64Array(3), 1000), -EINVAL)
  assert.equal(native.lstatNames(fd, Buffer.from('.\0.\0'), 0, record, 1_000_000), 1)
  assert.equal(native.lstatNames(fd, Buffer.from('.\0'), 5, record, 1000), 0)
  // @ts-expect-error: what the types refuse must not reach memory either
  assert.equal(native.lstatAt(fd, '.', Buffer.alloc(1000)), -EINVAL)
})

test('writeAt writes at a position, and only what it was given', needsNative, (t) => {
  assert.ok(native)
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-native-'))
  const file = join(folder, 'file')
  const fd = openSync(file, 'w')
  t.after(() => {
    closeSync(fd)
    rmSync(folder, { recursive: true })
  })
  const bytes = Buffer.from('0123456789')
  assert.equal(native.writeAt(fd, bytes.subarray(2, 6), 3), 4)
  assert.equal(native.writeAt(fd, bytes.subarray(0, 1), 1), 1)
  assert.equal(readFileSync(file, 'latin1'), '\x000\x002345')
  assert.equal(native.writeAt(-1, bytes, 0), -EBADF)
  assert.equal(native.writeAt(fd, bytes, -1), -EINVAL)
  // @ts-expect-error: what the types refuse must not reach memory either
  assert.equal(native.writeAt(fd, 'text', 0), -EINVAL)
})

test('timesWaited counts waits, and not work', needsNative, () => {
  assert.ok(native)
  const before = native.timesWaited()
  assert.ok(before >= 0)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
  assert.ok(native.timesWaited() > before)
})

test('time that is over still gives one entry, so that a scan always goes on', needsNative, (t) => {
  assert.ok(native)
  const fd = openSync(tmpdir(), 'r')
  t.after(() => closeSync(fd))
  const records = new Float64Array(10 * RECORD_FIELDS)
  assert.equal(native.lstatNames(fd, Buffer.from('.\0.\0.\0'), 0, records, 0), 1)
})
