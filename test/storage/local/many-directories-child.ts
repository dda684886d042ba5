// Runs with few descriptors: looks into many directories and prints how many stay open.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDescriptors } from '../../helpers/descriptors.ts'
import { createLocalUnderTest } from '../../helpers/local-storage.ts'
import { ALICE } from '../../helpers/storage-files.ts'
import { keyOf } from '../../helpers/storage-key.ts'

const { driver, root, close } = await createLocalUnderTest()
const before = openDescriptors()
for (let index = 0; index < 400; index += 1) {
  mkdirSync(join(root, `d${index}`))
  writeFileSync(join(root, `d${index}`, 'file'), 'content')
  await driver.stat(keyOf(`/d${index}/file`), ALICE, true)
}
const kept = openDescriptors() - before
await close()
process.stdout.write(JSON.stringify({ kept }))
