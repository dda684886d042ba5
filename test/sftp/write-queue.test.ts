import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WriteQueue } from '../../src/sftp/write-queue.ts'

/** A file whose steps end when the test says so. */
function slowFile() {
  const steps: { position: number; pieces: number; bytes: number; end: PromiseWithResolvers<void> }[] = []
  const start = (chunks: readonly Uint8Array[], position: number): Promise<void> => {
    const end = Promise.withResolvers<void>()
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
    steps.push({ position, pieces: chunks.length, bytes, end })
    return end.promise
  }
  return {
    steps,
    size: 7,
    write: (chunk: Uint8Array, position: number) => start([chunk], position),
    writev: start,
  }
}

const piece = (size: number): Buffer => Buffer.alloc(size)

test('writes that follow on each other gather while one is at the storage', async () => {
  const file = slowFile()
  const queue = new WriteQueue(file)
  const first = queue.write(piece(10), 0, true)
  queue.turnEnded()
  const later = [
    queue.write(piece(10), 10, true),
    queue.write(piece(10), 20, true),
    queue.write(piece(10), 50, true),
  ]
  queue.turnEnded()
  assert.equal(file.steps.length, 1)
  file.steps[0]?.end.resolve()
  await first
  assert.deepEqual(
    file.steps.slice(1).map(({ position, pieces, bytes }) => ({ position, pieces, bytes })),
    [{ position: 10, pieces: 2, bytes: 20 }],
  )
  file.steps[1]?.end.resolve()
  await Promise.all(later.slice(0, 2))
  assert.equal(file.steps[2]?.position, 50)
  file.steps[2]?.end.resolve()
  await later[2]
})

test('a failed step fails its own writes and no others', async () => {
  const file = slowFile()
  const queue = new WriteQueue(file)
  const writes = [
    queue.write(piece(1), 0, true),
    queue.write(piece(1), 1, true),
    queue.write(piece(1), 9, true),
  ]
  queue.turnEnded()
  file.steps[0]?.end.reject(new Error('disk'))
  const [one, two] = await Promise.allSettled(writes.slice(0, 2))
  assert.deepEqual([one?.status, two?.status], ['rejected', 'rejected'])
  file.steps[1]?.end.resolve()
  await writes[2]
})

test('what is appended goes behind what is still on its way', async () => {
  const file = slowFile()
  const queue = new WriteQueue(file)
  assert.equal(queue.end, 7)
  const write = queue.write(piece(5), queue.end, true)
  assert.equal(queue.end, 12)
  queue.turnEnded()
  file.steps[0]?.end.resolve()
  await write
})

test('no step takes more than a mebibyte', async () => {
  const file = slowFile()
  const queue = new WriteQueue(file)
  const size = 255 * 1024
  const writes = Array.from({ length: 9 }, (_, index) => queue.write(piece(size), index * size, true))
  queue.turnEnded()
  for (let index = 0; index < 3; index += 1) {
    const step = file.steps[index]
    assert.ok(step !== undefined && step.bytes <= 1024 * 1024)
    step.end.resolve()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(writes)
})

test('a single write is at the storage at once, and is waited for only where that waits', async () => {
  const done: number[] = []
  const quick = new WriteQueue({
    size: 0,
    write: (_chunk, position) => void done.push(position),
    writev: () => {},
  })
  assert.equal(quick.write(piece(5), 40, false), undefined)
  assert.deepEqual(done, [40])
  const file = slowFile()
  const queue = new WriteQueue(file)
  const first = queue.write(piece(10), 100, false)
  assert.equal(file.steps.length, 1)
  assert.equal(queue.end, 110)
  const second = queue.write(piece(10), 110, false)
  queue.turnEnded()
  assert.equal(file.steps.length, 1, 'the second waits for the first')
  file.steps[0]?.end.reject(new Error('disk'))
  await assert.rejects(async () => first)
  assert.equal(file.steps[1]?.position, 110)
  file.steps[1]?.end.resolve()
  await second
  assert.equal(queue.end, 7)
})
