import { createMemoryDriver } from '../../src/storage/memory.ts'
import { storageDriverSuite } from '../conformance/storage-driver.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'

storageDriverSuite('memory', async () => {
  const driver = createMemoryDriver({ clock: createFakeClock(), partialRetentionMs: 3_600_000 })
  return { driver, close: () => driver.close() }
})
