import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { NATIVE_FUNCTIONS } from '../../src/native/native.ts'
import { native, needsNative } from '../helpers/native.ts'

test('the addon is built and has every function', needsNative, () => {
  assert.ok(native, 'run scripts/prepare.mjs: it builds native/')
  assert.deepEqual(Object.keys(native).sort(), Object.keys(NATIVE_FUNCTIONS).sort())
})

test('readCached reads what was just written, at a position, and 0 at the end', needsNative, (t) => {
  assert.ok(native)
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-native-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'file')
  writeFileSync(file, '0123456789')
  const fd = openSync(file, 'r')
  t.after(() => closeSync(fd))
  const into = Buffer.alloc(8)
  const first = native.readCached(fd, into, 4, 3)
  // A file system that cannot tell says so, and is read in another way.
  if (first === -constants.errno.EOPNOTSUPP)
    return t.skip('the file system of the temporary folder cannot tell')
  assert.equal(first, 4)
  assert.equal(into.toString('latin1', 0, 4), '3456')
  assert.equal(native.readCached(fd, into, 8, 8), 2)
  assert.equal(native.readCached(fd, into, 8, 10), 0)
})

test('readCached writes nowhere but into the buffer it was given', needsNative, () => {
  assert.ok(native)
  const invalid = -constants.errno.EINVAL
  assert.equal(native.readCached(0, Buffer.alloc(4), 5, 0), invalid)
  assert.equal(native.readCached(0, Buffer.alloc(4), -1, 0), invalid)
  // @ts-expect-error: what the types refuse must not reach memory either
  assert.equal(native.readCached(0, 'text', 1, 0), invalid)
  assert.equal(native.readCached(-1, Buffer.alloc(4), 4, 0), -constants.errno.EBADF)
})
