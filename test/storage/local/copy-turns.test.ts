import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CopyTurns, MAX_WAITING } from '../../../src/storage/local/copy-turns.ts'
import { settle } from '../../helpers/fake-clock.ts'
import { ALICE, BOB, fails } from '../../helpers/storage-files.ts'

/** Copies that go on when they are told to; `log` has whose turn it was. */
function bench() {
  const turns = new CopyTurns()
  const log: string[] = []
  const steps: (() => void)[] = []
  const copy = (name: string, owner = ALICE, rounds = 1, signal?: AbortSignal) => {
    let left = rounds
    return turns.run(owner, signal && { signal }, async () => {
      log.push(name)
      await new Promise<void>((resolve) => steps.push(resolve))
      left -= 1
      return left > 0
    })
  }
  /** Ends the turn that began first. */
  const next = async () => {
    steps.shift()?.()
    await settle()
  }
  return { turns, log, copy, next, running: () => steps.length }
}

test('two at once, and users take turns, however many one of them asks for', async () => {
  const { turns, log, copy, next, running } = bench()
  const all = ['a1', 'a2', 'a3', 'a4'].map((name) => copy(name, ALICE, 2))
  all.push(copy('b1', BOB, 2))
  await settle()
  assert.deepEqual(log, ['a1', 'a2'])
  assert.equal(turns.size, 5)
  while (running() > 0) {
    assert.ok(running() <= 2)
    await next()
  }
  await Promise.all(all)
  assert.deepEqual(log, ['a1', 'a2', 'a3', 'b1', 'a4', 'a1', 'b1', 'a2', 'a3', 'a4'])
  assert.equal(turns.size, 0)
})

test('one that is given up leaves the queue, and takes no turn of another', async () => {
  const { turns, log, copy, next, running } = bench()
  const controller = new AbortController()
  const first = [copy('a'), copy('b')]
  const left = copy('left', ALICE, 1, controller.signal)
  const last = copy('last')
  controller.abort()
  await fails('transfer.aborted', () => left)
  await fails('transfer.aborted', () => copy('never', BOB, 1, controller.signal))
  assert.equal(turns.size, 3)
  while (running() > 0) await next()
  await Promise.all([...first, last])
  assert.deepEqual(log, ['a', 'b', 'last'])
  assert.equal(turns.size, 0)
})

test('one that fails gives its turn on', async () => {
  const turns = new CopyTurns()
  const failing = Array.from({ length: 5 }, () =>
    turns.run(ALICE, undefined, () => Promise.reject(new Error('disk'))),
  )
  assert.deepEqual(
    new Set((await Promise.allSettled(failing)).map(({ status }) => status)),
    new Set(['rejected']),
  )
  assert.equal(turns.size, 0)
})

test('a user with too many is told so, others are not', async () => {
  const { turns, copy, next, running } = bench()
  const all = Array.from({ length: MAX_WAITING + 2 }, () => copy('a'))
  await settle()
  await fails('storage.busy', () => copy('one too many'))
  all.push(copy('b', BOB))
  while (running() > 0) await next()
  await Promise.all(all)
  assert.equal(turns.size, 0)
})
