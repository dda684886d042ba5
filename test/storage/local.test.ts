import { join } from 'node:path'
import { after } from 'node:test'
import { quotaSuite } from '../conformance/quota.ts'
import { storageDriverSuite } from '../conformance/storage-driver.ts'
import { createLocalUnderTest } from '../helpers/local-storage.ts'
import { native } from '../helpers/native.ts'
import { withoutRenameNew } from '../helpers/native-doubles.ts'

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
