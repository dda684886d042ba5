import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { FileServerError } from '../../../src/core/errors.ts'
import type { Native } from '../../../src/native/native.ts'
import { createNodeSystem } from '../../../src/storage/local/node-system.ts'
import { createReadHandle } from '../../../src/storage/local/read-handle.ts'
import { realClock } from '../../helpers/local-storage.ts'
import { native, needsNative } from '../../helpers/native.ts'
import { halfCached, neverCached, untold } from '../../helpers/native-doubles.ts'

const SIZE = 600 * 1024
const content = Buffer.alloc(SIZE, 'every byte counts, ')

const kinds: Readonly<Record<string, Native | undefined>> = {
  'without the addon': undefined,
  ...(native !== undefined && {
    'with the addon': native,
    'half in memory': halfCached(native),
    'nothing in memory': neverCached(native),
    'a file system that cannot tell': untold(native),
  }),
}

function open(t: TestContext, given: Native | undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-read-'))
  const file = join(folder, 'file')
  writeFileSync(file, content)
  const fd = openSync(file, 'r')
  t.after(() => rmSync(folder, { recursive: true }))
  const system = createNodeSystem(realClock)
  const opened = { fd, entry: system.fstat(fd, 'file') }
  const handle = createReadHandle(opened, { clock: realClock, native: given, system, untold: new Set() })
  return { handle, file, fd }
}

for (const [kind, given] of Object.entries(kinds)) {
  suite(`a read handle, ${kind}`, () => {
    test('gives every byte once, and 0 at the end and far past it', async (t) => {
      const { handle } = open(t, given)
      const all = Buffer.alloc(SIZE + 1)
      let position = 0
      for (;;) {
        const bytes = await handle.read(all.subarray(position), position)
        if (bytes === 0) break
        position += bytes
      }
      assert.equal(position, SIZE)
      assert.deepEqual(all.subarray(0, SIZE), content)
      assert.equal(await handle.read(Buffer.alloc(10), 2 ** 60), 0)
      await handle.close()
    })

    test('a file that was cut ends where it ends now', async (t) => {
      const { handle, file } = open(t, given)
      truncateSync(file, 10)
      const bytes = await handle.read(Buffer.alloc(20), 4)
      assert.ok(bytes > 0 && bytes <= 6)
      assert.equal(await handle.read(Buffer.alloc(20), 10), 0)
      assert.equal(await handle.read(Buffer.alloc(20), 500), 0)
      await handle.close()
    })

    test('closes after the read that is under way, then reads no more', async (t) => {
      const { handle, fd } = open(t, given)
      const into = Buffer.alloc(SIZE)
      const reading = Promise.resolve(handle.read(into, 0))
      await Promise.all([handle.close(), handle.close()])
      const bytes = await reading
      assert.ok(bytes > 0)
      assert.deepEqual(into.subarray(0, bytes), content.subarray(0, bytes))
      assert.throws(() => closeSync(fd), { code: 'EBADF' })
      assert.throws(() => handle.read(into, 0), new FileServerError('handle.invalid'))
    })
  })
}

test('what is in memory is read at once, what is not by the thread pool', needsNative, async (t) => {
  assert.ok(native)
  const { handle: cold } = open(t, neverCached(native))
  const answer = cold.read(Buffer.alloc(10), 0)
  assert.equal(typeof answer, 'object')
  assert.equal(await answer, 10)
  await cold.close()
  const { handle: warm } = open(t, native)
  assert.equal(warm.read(Buffer.alloc(10), 0), 10)
  await warm.close()
})
