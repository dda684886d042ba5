import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FileServerError } from '../../../src/core/errors.ts'
import type { MaybePromise } from '../../../src/core/maybe-promise.ts'
import type { TransferReport } from '../../../src/core/transfer/meter.ts'
import { meterRead } from '../../../src/core/transfer/meter-read.ts'
import type { ReadHandle } from '../../../src/core/vfs/storage.ts'
import { createFakeClock } from '../../helpers/fake-clock.ts'
import { fails } from '../../helpers/storage-files.ts'

function metered(read: ReadHandle['read'], size = 10) {
  const clock = createFakeClock()
  const reports: TransferReport[] = []
  const unused = async () => {
    throw new Error('not asked')
  }
  const file: ReadHandle = { size, stat: unused, read, close: async () => {} }
  return { handle: meterRead(file, { clock, report: (transfer) => reports.push(transfer) }), reports, clock }
}

test('an answer at once stays one, a later answer is counted when it comes', async () => {
  let answer: MaybePromise<number> = 4
  const { handle, reports } = metered(() => answer)
  const into = new Uint8Array(10)
  assert.equal(handle.read(into, 0), 4)
  answer = Promise.resolve(6)
  assert.equal(await handle.read(into, 4), 6)
  await handle.close()
  await handle.close()
  assert.deepEqual(reports, [{ outcome: 'complete', bytes: 10, durationMs: 0 }])
})

test('a read that fails, now or later, makes the transfer a failed one', async () => {
  for (const broken of [
    () => {
      throw new FileServerError('storage.failed')
    },
    () => Promise.reject(new FileServerError('storage.failed')),
  ]) {
    const { handle, reports } = metered(broken)
    await fails('storage.failed', () => handle.read(new Uint8Array(1), 0))
    await handle.close()
    assert.equal(reports[0]?.outcome, 'failed')
  }
})

test('an empty file is complete without a read, a part of a file is not', async () => {
  const empty = metered(() => 0, 0)
  await empty.handle.close()
  assert.equal(empty.reports[0]?.outcome, 'complete')
  const part = metered(() => 5)
  await part.handle.read(new Uint8Array(5), 0)
  await part.handle.close()
  assert.equal(part.reports[0]?.outcome, 'aborted')
  const tail = metered(() => 5)
  await tail.handle.read(new Uint8Array(5), 5)
  await tail.handle.close()
  assert.equal(tail.reports[0]?.outcome, 'complete')
})
