// A large file is cut in the thread pool: whatever others do with it meanwhile, quotas hear of each byte once.
import assert from 'node:assert/strict'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { VfsSession } from '../../../src/core/vfs/session.ts'
import { LARGE_BYTES } from '../../../src/storage/local/letting-go.ts'
import { createLocalUnderTest } from '../../helpers/local-storage.ts'
import { at, createTestSession, mount, upload } from '../../helpers/vfs.ts'

const SIZE = 3 * LARGE_BYTES
/** So large that what is freed too often does not end at zero. */
const OTHER_SIZE = 10 * SIZE

const { storage, root, close } = await createLocalUnderTest()
after(close)

const FILE = at('/d/file')
const cut = (files: VfsSession, size = 10) => files.setAttributes(FILE, { size })

/** Each begins while the file is being cut. */
const MEANWHILE: Readonly<Record<string, (files: VfsSession) => unknown>> = {
  'is cut once more': (files) => cut(files),
  'is cut to something else': (files) => cut(files, 20),
  'grows again': (files) => cut(files, 2 * SIZE),
  'is removed': (files) => files.remove(FILE),
  'gets a second name': (files) => files.hardLink(FILE, at('/d/second')),
  'is replaced by a rename': (files) => files.rename(at('/other'), FILE, { replace: true }),
  'is replaced by an upload': (files) => upload(files, '/d/file', 'short'),
}

for (const [what, meanwhile] of Object.entries(MEANWHILE)) {
  test(`a file ${what} while it is cut`, async () => {
    const home = join(root, what)
    mkdirSync(join(home, 'd'), { recursive: true })
    writeFileSync(join(home, 'other'), '')
    truncateSync(join(home, 'other'), OTHER_SIZE)
    writeFileSync(join(home, 'd', 'file'), '')
    truncateSync(join(home, 'd', 'file'), SIZE)
    const limits = { quotaBytes: 1024 ** 3, quotaFiles: 10 }
    const { files, another, state } = createTestSession({ limits, storage, mounts: [mount('/', home)] })
    await files.space(at('/'))
    await Promise.all([cut(files), meanwhile(another())])
    assert.deepEqual(state.usage, await (await storage.open(home)).usage())
  })
}

/** The same for an upload that was left unfinished, and which its owner goes on with. */
const WITH_PARTIAL: Readonly<Record<string, (files: VfsSession) => unknown>> = {
  'is cut once more': (files) => cut(files),
  'is removed': (files) => files.remove(FILE),
  'is removed with its folder': (files) => files.rmdir(at('/d')),
  'is begun anew': (files) => upload(files, '/d/file', 'short'),
  'is gone on with': async (files) => {
    const handle = await files.openWrite(FILE, { start: 'current', create: true, exclusive: false })
    await handle.write(new Uint8Array(1000), handle.size)
    await handle.abort()
  },
}

for (const [what, meanwhile] of Object.entries(WITH_PARTIAL)) {
  test(`an unfinished upload ${what} while it is cut`, async () => {
    const home = join(root, `partial ${what}`)
    mkdirSync(join(home, 'd'), { recursive: true })
    writeFileSync(join(home, 'other'), '')
    truncateSync(join(home, 'other'), OTHER_SIZE)
    const limits = { quotaBytes: 1024 ** 3, quotaFiles: 10 }
    const { files, another, state } = createTestSession({ limits, storage, mounts: [mount('/', home)] })
    const handle = await files.openWrite(FILE, { start: 'empty', create: true, exclusive: false })
    await handle.setAttributes({ size: SIZE })
    await handle.abort()
    await Promise.allSettled([cut(files), meanwhile(another())])
    assert.deepEqual(state.usage, await (await storage.open(home)).usage())
  })
}
