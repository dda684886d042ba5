// Edits in place while others work on the same file: quotas know what lies there, and nobody gains by it.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { VfsSession } from '../../../src/core/vfs/session.ts'
import type { WriteHandle } from '../../../src/core/vfs/storage.ts'
import { createLocalUnderTest } from '../../helpers/local-storage.ts'
import { at, createTestSession, mount, upload } from '../../helpers/vfs.ts'

const SIZE = 1_500_000
const EDIT = { start: 'current', create: false, exclusive: false } as const

const { storage, root, close } = await createLocalUnderTest({ inPlaceWrites: true })
after(close)

type Meanwhile = (others: VfsSession, handle: WriteHandle) => Promise<unknown>

const grow = (handle: WriteHandle, to: number) => handle.write(new Uint8Array(1000), to - 1000)

const MEANWHILE: Readonly<Record<string, Meanwhile>> = {
  'is cut by its name and written anew': async (others, handle) => {
    await others.setAttributes(at('/file'), { size: 0 })
    await handle.write(new Uint8Array(SIZE), 0)
  },
  'is cut twice': async (others, handle) => {
    const second = await others.openWrite(at('/file'), EDIT)
    for (const each of [handle, second]) await each.setAttributes({ size: 10 })
    await second.commit()
  },
  'grows by two edits': async (others, handle) => {
    const second = await others.openWrite(at('/file'), EDIT)
    for (const each of [handle, second]) await grow(each, 2 * SIZE)
    await second.abort()
  },
  'gets a second name and grows': async (others, handle) => {
    await others.hardLink(at('/file'), at('/second'))
    await grow(handle, 2 * SIZE)
  },
  'loses a name of two': async (others, handle) => {
    await grow(handle, 2 * SIZE)
    await others.hardLink(at('/file'), at('/second'))
    await others.remove(at('/file'))
    await grow(handle, 3 * SIZE)
  },
  'grows and is removed': async (others, handle) => {
    await grow(handle, 2 * SIZE)
    await others.remove(at('/file'))
  },
  'is replaced by an upload': async (others, handle) => {
    await grow(handle, 2 * SIZE)
    await upload(others, '/file', 'short')
    await grow(handle, 3 * SIZE)
  },
  'is replaced by a rename': async (others, handle) => {
    await upload(others, '/other', 'short')
    await grow(handle, 2 * SIZE)
    await others.rename(at('/other'), at('/file'), { replace: true })
  },
}

for (const [what, meanwhile] of Object.entries(MEANWHILE)) {
  for (const end of ['commit', 'abort', 'discard'] as const) {
    test(`a file ${what}; ${end}`, async () => {
      const home = join(root, `${what} ${end}`)
      mkdirSync(home)
      writeFileSync(join(home, 'file'), Buffer.alloc(SIZE, 'x'))
      const limits = { quotaBytes: 100_000_000, quotaFiles: 10 }
      const { files, another, state } = createTestSession({ limits, storage, mounts: [mount('/', home)] })
      const handle = await files.openWrite(at('/file'), EDIT)
      await meanwhile(another(), handle)
      await handle[end]()
      assert.deepEqual(state.usage, await (await storage.open(home)).usage())
    })
  }
}
