import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FileServerError } from '../../../src/core/errors.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import { quotaSuite } from '../../conformance/quota.ts'
import { createFakeClock } from '../../helpers/fake-clock.ts'
import { fails } from '../../helpers/storage-files.ts'
import { at, createTestSession, listed, mount, upload } from '../../helpers/vfs.ts'

const MIB = 1024 * 1024
const OPEN = { start: 'empty', create: true, exclusive: false } as const

quotaSuite(
  'memory driver',
  async () => createMemoryStorage({ clock: createFakeClock(), partialRetentionMs: 3_600_000 }),
  150,
)

test('what lies there already is counted once', async () => {
  const { files, storage } = createTestSession()
  await upload(files, '/old', 'x'.repeat(100))
  const limited = createTestSession({ storage, limits: { quotaBytes: 150 } })
  await fails('quota.exceeded', () => upload(limited.files, '/new', 'x'.repeat(60)))
  await upload(limited.files, '/new', 'x'.repeat(50))
  assert.deepEqual(limited.state.usage, { bytes: 150, files: 2 })
})

test('space is reserved in steps, and writes inside a step answer at once', async () => {
  const { files, state } = createTestSession({ limits: { quotaBytes: 10 * MIB } })
  const handle = await files.openWrite(at('/big'), OPEN)
  await handle.write(new Uint8Array(1000), 0)
  assert.equal(state.usage?.bytes, MIB)
  const before = state.charges
  for (let position = 1000; position < 900_000; position += 1000) {
    assert.equal(handle.write(new Uint8Array(1000), position), undefined)
  }
  assert.equal(state.charges, before)
  await handle.commit()
  assert.deepEqual(state.usage, { bytes: 900_000, files: 1 })
})

test('the last byte of the limit can be used', async () => {
  const { files, state } = createTestSession({ limits: { quotaBytes: MIB + 10 } })
  const handle = await files.openWrite(at('/fits'), OPEN)
  await handle.write(new Uint8Array(MIB + 10), 0)
  await handle.commit()
  assert.equal(state.usage?.bytes, MIB + 10)
  await fails('quota.exceeded', () => upload(files, '/more', 'x'))
})

test('with a full count of files one can still be overwritten', async () => {
  const { files, state } = createTestSession({ limits: { quotaFiles: 1 } })
  await upload(files, '/one', 'x')
  await fails('quota.exceeded', () => files.openWrite(at('/two'), OPEN))
  await upload(files, '/one', 'longer')
  assert.deepEqual(state.usage, { bytes: 6, files: 1 })
  assert.deepEqual(await listed(files, '/'), ['one'])
})

test('who goes on with an upload that still runs elsewhere is not charged for it twice', async () => {
  const { files, another, state } = createTestSession({ limits: { quotaBytes: 10 * MIB } })
  const older = await files.openWrite(at('/big'), OPEN)
  await older.write(new Uint8Array(6 * MIB), 0)
  const newer = await another().openWrite(at('/big'), { ...OPEN, start: 'current' })
  assert.equal(newer.size, 6 * MIB)
  await newer.write(new Uint8Array(10), 6 * MIB)
  await newer.commit()
  await older.abort()
  assert.deepEqual(state.usage, { bytes: 6 * MIB + 10, files: 1 })
})

test('what has ended is given back once', async () => {
  const { files, state } = createTestSession({ limits: { quotaBytes: 10 * MIB } })
  for (const end of ['commit', 'abort'] as const) {
    const handle = await files.openWrite(at(`/${end}`), OPEN)
    await handle.write(new Uint8Array(MIB), 0)
    await handle[end]()
    await handle.abort()
    await handle.discard()
  }
  assert.deepEqual(state.usage, { bytes: 2 * MIB, files: 2 })
})

test('an upload whose charge could not be settled is not given back as a whole', async () => {
  const { files, state } = createTestSession({ limits: { quotaBytes: 10 * MIB } })
  const handle = await files.openWrite(at('/file'), OPEN)
  await handle.write(new Uint8Array(MIB - 1), 0)
  const { settleQuota } = state
  state.settleQuota = async () => {
    state.settleQuota = settleQuota
    throw new FileServerError('storage.busy')
  }
  await fails('storage.busy', async () => handle.commit())
  assert.ok((state.usage?.bytes ?? 0) >= MIB - 1)
})

test('without a limit the state store is not asked', async () => {
  const { files, state } = createTestSession({ mounts: [mount('/', 'home')] })
  await upload(files, '/file', 'x')
  await files.remove(at('/file'))
  assert.equal(state.charges, 0)
  assert.equal(state.usage, undefined)
})

test('to its user the file system is as large as the quota', async () => {
  const { files, storage } = createTestSession({ limits: { quotaBytes: 10 * MIB + 10, quotaFiles: 3 } })
  await upload(files, '/file', 'x'.repeat(MIB))
  const space = await files.space(at('/'))
  assert.equal(space.availableBytes, 9 * MIB + 10)
  assert.equal(space.availableBlocks, Math.floor((9 * MIB + 10) / space.blockSize))
  assert.equal(space.freeBlocks, space.availableBlocks)
  assert.equal(space.totalBlocks, Math.ceil((10 * MIB + 10) / space.blockSize))
  assert.deepEqual([space.totalFiles, space.freeFiles], [3, 2])
  const lowered = createTestSession({ storage, limits: { quotaBytes: 100 } })
  assert.equal((await lowered.files.space(at('/'))).availableBytes, 0)
  const free = await createTestSession({ storage }).files.space(at('/'))
  assert.equal(free.availableBytes, free.availableBlocks * free.blockSize)
  assert.ok(free.totalBlocks > space.totalBlocks && free.totalFiles > 3)
})
