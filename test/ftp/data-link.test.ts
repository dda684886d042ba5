import assert from 'node:assert/strict'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { test } from 'node:test'
import { DataLink } from '../../src/ftp/data-link.ts'
import { openDescriptorNet } from '../../src/ftp/descriptor-net.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { native, needsNative } from '../helpers/native.ts'

test('a descriptor that Node does not take as a socket is closed, once', needsNative, (t) => {
  const net = openDescriptorNet(native, createFakeClock())
  assert.ok(net !== undefined)
  t.after(() => net.close())
  const fd = openSync(import.meta.filename, 'r')
  const link = new DataLink(net, fd)
  assert.throws(() => link.toSocket(), { code: 'ERR_INVALID_FD_TYPE' })
  assert.equal(link.open, false)
  assert.throws(() => fstatSync(fd), { code: 'EBADF' })
  // Its number is somebody else's now.
  const other = openSync(import.meta.filename, 'r')
  link.close()
  link.closeGently()
  assert.equal(other, fd)
  assert.ok(fstatSync(other).isFile())
  closeSync(other)
})
