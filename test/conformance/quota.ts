import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FileServerError } from '../../src/core/errors.ts'
import type { VfsSession } from '../../src/core/vfs/session.ts'
import type { StorageProvider, WriteHandle } from '../../src/core/vfs/storage.ts'
import { at, createTestSession, mount } from '../helpers/vfs.ts'

const PATHS = ['/a', '/b', '/d', '/d/a', '/d/b', '/e', '/e/a'] as const
const path = fc.constantFrom(...PATHS)
const size = fc.integer({ min: 0, max: 3 * 1024 * 1024 })
const ending = fc.constantFrom('commit' as const, 'abort' as const, 'discard' as const)

type Step = (files: VfsSession, open: WriteHandle[]) => Promise<unknown>

/** An upload that ends at once, or stays open until the run is over (and may be superseded until then). */
const uploading: fc.Arbitrary<Step> = fc
  .record({
    path,
    size,
    offset: fc.integer({ min: 0, max: 2_000_000 }),
    start: fc.constantFrom('empty' as const, 'current' as const),
    exclusive: fc.boolean(),
    end: fc.option(ending),
  })
  .map((given) => async (files, open) => {
    const { start, exclusive } = given
    const handle = await files.openWrite(at(given.path), { start, create: true, exclusive })
    if (given.end === null) open.push(handle)
    try {
      await handle.write(new Uint8Array(given.size), given.offset)
    } finally {
      if (given.end !== null) await handle[given.end]()
    }
  })

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: uploading },
  path.map(
    (p): Step =>
      async (files) =>
        files.remove(at(p)),
  ),
  path.map(
    (p): Step =>
      (files) =>
        files.mkdir(at(p)),
  ),
  path.map(
    (p): Step =>
      (files) =>
        files.rmdir(at(p)),
  ),
  fc.tuple(path, path, fc.boolean()).map(
    ([from, to, replace]): Step =>
      (files) =>
        files.rename(at(from), at(to), { replace }),
  ),
  fc.tuple(path, size).map(
    ([p, bytes]): Step =>
      (files) =>
        files.setAttributes(at(p), { size: bytes }),
  ),
)

async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof FileServerError) || error.code === 'internal') throw error
  }
}

/** After any sequence of operations the charge is what lies on the storage; and neither ever passes the limit. */
export function quotaSuite(name: string, storage: () => Promise<StorageProvider>, numRuns: number): void {
  test(`the quota knows what is stored: ${name}`, async () => {
    let run = 0
    const provider = await storage()
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        run += 1
        const limits = { quotaBytes: 10 * 1024 * 1024, quotaFiles: 5 }
        const { files, state } = createTestSession({
          limits,
          storage: provider,
          mounts: [mount('/', `run${run}`)],
        })
        const open: WriteHandle[] = []
        for (const work of steps) await attempt(() => work(files, open))
        for (const handle of open) await handle.abort()
        const driver = await provider.open(`run${run}`)
        const stored = await driver.usage()
        assert.deepEqual(state.usage ?? { bytes: 0, files: 0 }, stored)
        assert.ok(stored.bytes <= limits.quotaBytes)
      }),
      { numRuns },
    )
  })

  test(`who resizes and links one file from many sides at once gains nothing: ${name}`, async () => {
    const provider = await storage()
    const limits = { quotaBytes: 100 * 1024 * 1024, quotaFiles: 50 }
    const { files, state } = createTestSession({ limits, storage: provider, mounts: [mount('/', 'many')] })
    const handle = await files.openWrite(at('/a'), { start: 'empty', create: true, exclusive: true })
    await handle.write(new Uint8Array(1024 * 1024), 0)
    await handle.commit()
    for (const bytes of [0, 2 * 1024 * 1024, 1000]) {
      const resized = Array.from({ length: 4 }, () => files.setAttributes(at('/a'), { size: bytes }))
      const linked = files.hardLink(at('/a'), at(`/l${bytes}`))
      await Promise.all([...resized, linked])
      const stored = await (await provider.open('many')).usage()
      assert.deepEqual(state.usage, stored)
    }
  })
}
