// Uploads without end, and says so; its parent kills it.

import { createLocalStorage } from '../../../src/storage/local.ts'
import { LOCAL_DEFAULTS } from '../../helpers/local-storage.ts'
import { ALICE, openWrite, put } from '../../helpers/storage-files.ts'

const root = process.argv[2]
if (root === undefined) throw new Error('needs the folder')
const driver = await createLocalStorage(LOCAL_DEFAULTS).open(root)
await put(driver, '/replaced', 'the old content')
const uploads = await Promise.all(
  ['/replaced', '/new'].map((path) => openWrite(driver, path, ALICE, { start: 'empty' })),
)
const chunk = new Uint8Array(256 * 1024).fill(0x61)
for (let position = 0; ; position += chunk.length) {
  await Promise.all(uploads.map((upload) => upload.write(chunk, position)))
  if (position === 4 * chunk.length) process.stdout.write('going\n')
  if (position >= 64 * chunk.length) position = -chunk.length
}
