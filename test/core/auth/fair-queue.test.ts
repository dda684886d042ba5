import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFairQueue, type FairQueue, isOverload } from '../../../src/core/auth/fair-queue.ts'
import { FileServerError } from '../../../src/core/errors.ts'
import { settle } from '../../helpers/fake-clock.ts'

type Bench = {
  queue: FairQueue
  started: string[]
  refused: string[]
  add(name: string): void
  finish(): Promise<void>
}

/** Jobs are named `party:n` and end one by one, in the order they started. */
function bench(concurrent: number, waiting: number): Bench {
  const queue = createFairQueue({ concurrent, waiting })
  const started: string[] = []
  const refused: string[] = []
  const open: (() => void)[] = []
  const add = (name: string): void => {
    const job = (): Promise<void> => {
      started.push(name)
      return new Promise((resolve) => open.push(resolve))
    }
    queue.run(name.split(':')[0] ?? '', job).catch((error: unknown) => {
      assert.ok(isOverload(error) && error instanceof FileServerError && error.code === 'auth.failed')
      refused.push(name)
    })
  }
  const finish = async (): Promise<void> => {
    open.shift()?.()
    await settle()
  }
  return { queue, started, refused, add, finish }
}

test('so many run at once, the others wait in order', async () => {
  const b = bench(2, 5)
  for (const n of [1, 2, 3, 4]) b.add(`a:${n}`)
  await settle()
  assert.deepEqual(b.started, ['a:1', 'a:2'])
  await b.finish()
  assert.deepEqual(b.started, ['a:1', 'a:2', 'a:3'])
})

test('parties take turns, however many jobs one has', async () => {
  const b = bench(1, 10)
  for (const name of ['a:1', 'a:2', 'a:3', 'a:4', 'b:1', 'b:2', 'c:1']) b.add(name)
  await settle()
  for (let i = 0; i < 6; i += 1) await b.finish()
  assert.deepEqual(b.started, ['a:1', 'a:2', 'b:1', 'c:1', 'a:3', 'b:2', 'a:4'])
})

test('one party cannot keep others out of a full queue: its last job makes room', async () => {
  const b = bench(1, 3)
  for (const name of ['a:1', 'a:2', 'a:3', 'a:4', 'a:5']) b.add(name)
  await settle()
  assert.deepEqual(b.refused, ['a:5'])
  b.add('b:1')
  await settle()
  assert.deepEqual(b.refused, ['a:5', 'a:4'])
  b.add('b:2')
  await settle()
  assert.deepEqual(b.refused, ['a:5', 'a:4', 'b:2'])
  for (let i = 0; i < 3; i += 1) await b.finish()
  assert.deepEqual(b.started, ['a:1', 'a:2', 'b:1', 'a:3'])
})

test('a job that throws frees its place, and its error is its own', async () => {
  const { queue } = bench(1, 1)
  await assert.rejects(
    queue.run('a', async () => {
      throw new TypeError('mine')
    }),
    TypeError,
  )
  assert.equal(await queue.run('a', async () => 7), 7)
})

test('never more than permitted run, and every job ends', async () => {
  const queue = createFairQueue({ concurrent: 3, waiting: 1000 })
  let running = 0
  let most = 0
  const job = async (): Promise<void> => {
    running += 1
    most = Math.max(most, running)
    await settle()
    running -= 1
  }
  await Promise.all(Array.from({ length: 200 }, (_, i) => queue.run(`p${i % 7}`, job)))
  assert.equal(most, 3)
})

test('what can be done another time leaves half of the places to the others', async () => {
  const b = bench(1, 4)
  const spare = (name: string) =>
    b.queue
      .runSpare(name, async () => void b.started.push(name))
      .catch((error: unknown) => {
        assert.ok(isOverload(error))
        b.refused.push(name)
      })
  b.add('a:1')
  for (const name of ['s1', 's2', 's3']) void spare(name)
  await settle()
  assert.deepEqual(b.refused, ['s3'])
  b.add('b:1')
  b.add('c:1')
  await settle()
  assert.deepEqual(b.refused, ['s3'])
  await b.finish()
  assert.deepEqual(b.started, ['a:1', 's1', 's2', 'b:1'])
})
