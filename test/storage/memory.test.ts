import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryDriver } from '../../src/storage/memory.ts'
import { storageDriverSuite } from '../conformance/storage-driver.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { fails, openWrite } from '../helpers/storage-files.ts'

storageDriverSuite('memory', async () => {
  const driver = createMemoryDriver({ clock: createFakeClock(), partialRetentionMs: 3_600_000 })
  return { driver, close: () => driver.close() }
})

test('a size that no memory has is storage.full, and the upload stays what it was', async () => {
  const driver = createMemoryDriver({ clock: createFakeClock(), partialRetentionMs: 3_600_000 })
  const upload = await openWrite(driver, '/file')
  await upload.write(Buffer.from('x'), 0)
  await fails('storage.full', () => upload.write(Buffer.from('y'), 2 ** 50))
  await fails('storage.full', () => upload.setAttributes({ size: 2 ** 50 }))
  assert.equal(upload.size, 1)
  await upload.discard()
})
